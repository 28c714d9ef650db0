# Short words for what is done often. PYTHON names the interpreter; its environment needs the dev
# extra: pip install '.[dev]'. Each special build lies in build/<word>, the checkout keeps its own.
PYTHON ?= python3
TESTS ?= tests
# What compiles the core itself, and what is the same in all builds, is tested once, by `make test`.
SPECIAL = -m "not compiles_core and not any_build" $(TESTS)

ASAN_OPTIONS ?= detect_leaks=0:allocator_may_return_null=1
export ASAN_OPTIONS
export UBSAN_OPTIONS ?= print_stacktrace=1
export TSAN_OPTIONS ?= die_after_fork=0

# $(call special,word,switches,environment of the tests,tests): build into build/word, test that.
# What C code prints as it dies is not captured, or it would die with the process.
special = $(2) $(PYTHON) setup.py -q build --build-base build/$(1) --build-lib build/$(1)/lib \
	&& $(2) $(3) PYTHONSAFEPATH=1 PYTHONPATH="$(CURDIR)/build/$(1)/lib:$(CURDIR)" \
	$(PYTHON) -m pytest -q -p no:cacheprovider --capture=sys $(4)
runtime = LD_PRELOAD="$$(gcc -print-file-name=$(1))"

.PHONY: help build test check long mean base noblas asan ubsan tsan cover fuzz calls bench stubs lint clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

build:  ## compile into the checkout, what is out of date
	$(PYTHON) setup.py -q build_ext --inplace

test: build  ## the suite on that build
	PYTHONPATH="$(CURDIR)" $(PYTHON) -m pytest $(TESTS)

check:  ## all that decides whether a change lands: clean environment, everything
	bash .ci/run

long: build  ## tests at full size that the suite has smaller or leaves out
	PYAUTOGRAD_LONG_TESTS=1 PYTHONPATH="$(CURDIR)" $(PYTHON) -m pytest -q -p no:cacheprovider \
		-m long $(TESTS)

mean:  ## the suite on a build with assertions, tiny sizes and poisoned memory
	$(call special,mean,PYAUTOGRAD_TESTING=1,,$(SPECIAL))

base: build  ## the suite without the CPU's wider vectors
	PYAUTOGRAD_SIMD=base PYTHONPATH="$(CURDIR)" $(PYTHON) -m pytest -q -p no:cacheprovider $(SPECIAL)

noblas: build  ## the suite with routines of our own for BLAS, without LAPACK
	PYAUTOGRAD_BLAS=none PYTHONPATH="$(CURDIR)" $(PYTHON) -m pytest -q -p no:cacheprovider $(SPECIAL)

asan:  ## the suite under the address and undefined behaviour sanitizers
	$(call special,asan,PYAUTOGRAD_SANITIZE=1,PYTHONMALLOC=malloc $(call runtime,libasan.so),$(SPECIAL))

ubsan:  ## the suite under the undefined behaviour sanitizer alone: quicker
	$(call special,ubsan,PYAUTOGRAD_SANITIZE=undefined,,$(SPECIAL))

tsan:  ## the tests of threads under the thread sanitizer
	$(call special,tsan,PYAUTOGRAD_SANITIZE=thread,$(call runtime,libtsan.so),tests/test_threads.py tests/test_races.py)

# The build is the delivered one with less optimisation and with allocations that can be failed, so
# that what is done without memory counts too. The table comes also where a test has failed.
cover:  ## the suite with gcov: lines and branches of C reached, file by file
	@find build/cover -name '*.gcda' -delete 2>/dev/null || true
	@$(call special,cover,PYAUTOGRAD_COVERAGE=1,,$(TESTS)); tests=$$?; \
	$(PYTHON) -m gcovr; enough=$$?; [ $$tests -eq 0 ] && exit $$enough

fuzz: build  ## random programs of views and writes beside PyTorch, for MINUTES=10
	PYTHONPATH="$(CURDIR)" $(PYTHON) tests/parity/views_fuzz.py --minutes $(or $(MINUTES),10)

calls: build  ## random calls of all functions beside PyTorch, for MINUTES=10
	PYTHONPATH="$(CURDIR)" $(PYTHON) tests/parity/calls_fuzz.py --minutes $(or $(MINUTES),10)

bench:  ## the benchmarks, against what is installed
	$(PYTHON) -m benchmarks

stubs: build  ## the generated part of _core.pyi
	PYTHONPATH="$(CURDIR)" $(PYTHON) csrc/_stubs.py

lint:  ## ruff and mypy
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	$(PYTHON) -m mypy csrc/_build_check.py csrc/_capi_build.py csrc/_packing.py csrc/_stubs.py

clean:  ## everything that was built
	rm -rf build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf pyautograd/*.so pyautograd/*.dylib pyautograd/include
	find . -name __pycache__ -prune -exec rm -rf {} +
