# SPDX-License-Identifier: MIT
"""Runs one program in several processes and says where they saw different things; cuts a program
that they disagree on down to the lines that matter."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyautograd as ag

WORKER = Path(__file__).with_name("fuzz_worker.py")
PATIENCE = 120.0  # seconds for one program, on a busy machine, under a sanitizer


@dataclass(frozen=True)
class Way:
    """How to run a program (fuzz_worker.py says what the numbers mean)."""

    fused: bool
    threads: int
    failures: int = 0
    at_once: int = 1
    caches: str = ""  # sizes instead of the machine's, as PYAUTOGRAD_CACHES has them

    def __str__(self) -> str:
        text = f"{'fused' if self.fused else 'not fused'}, {self.threads} threads"
        text += f", failures {self.failures}" if self.failures else ""
        text += f", {self.at_once} at once" if self.at_once > 1 else ""
        return text + (f", caches of {self.caches}" if self.caches else "")

    def environment(self) -> dict[str, str]:
        caches = {"PYAUTOGRAD_CACHES": self.caches} if self.caches else {}
        return {"PYAUTOGRAD_FUSE": str(int(self.fused)), **caches}


TRUTH = Way(fused=False, threads=1)


@dataclass
class Worker:
    """A process of fuzz_worker.py; started when it is needed, again if a program killed it."""

    environment: dict[str, str]
    process: subprocess.Popen[str] | None = None
    threshold: int = 0

    def start(self) -> None:
        home = {"PYTHONPATH": os.path.dirname(os.path.dirname(ag.__file__))}
        self.process = subprocess.Popen(
            [sys.executable, "-u", str(WORKER)],
            env={**os.environ, **home, **self.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,  # short: a worker writes there when it dies
            text=True,
            errors="replace",
        )
        assert self.process.stdout is not None
        self.threshold = int(self.process.stdout.readline() or 0)
        assert self.threshold, self.last_words()

    def run(self, way: Way, lines: list[str]) -> list[str]:
        """What the program saw; ["crash: ..."] if the process did not live to tell."""
        if self.process is None:
            self.start()
        assert self.process is not None and self.process.stdin and self.process.stdout
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        try:
            order = [way.threads, way.failures, way.at_once, lines]
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            timer.cancel()
        if answer:
            return list(json.loads(answer))
        words, code = self.last_words(), self.process.wait()
        self.stop()
        return [f"crash: exit {code}, after {words}"]

    def last_words(self) -> str:
        assert self.process is not None and self.process.stderr is not None
        return self.process.stderr.read()[-3000:] or "no words"

    def stop(self) -> None:
        if self.process is None:
            return
        assert self.process.stdin and self.process.stdout and self.process.stderr
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait(timeout=PATIENCE)
        self.process = None


@dataclass
class Panel:
    """The same program one op at a time (the truth), and in other ways."""

    ways: tuple[Way, ...]
    workers: dict[tuple[bool, str], Worker] = field(default_factory=dict)

    def worker(self, way: Way) -> Worker:
        """The process whose environment is that of the way."""
        return self.workers.setdefault((way.fused, way.caches), Worker(way.environment()))

    def threshold(self) -> int:
        plain = self.worker(TRUTH)
        if plain.process is None:
            plain.start()
        return plain.threshold

    def disagreement(self, lines: list[str]) -> str:
        """Nothing if all saw the same; else who saw what."""
        truth = self.worker(TRUTH).run(TRUTH, lines)
        for way in self.ways:
            seen = self.worker(way).run(way, lines)
            if seen == truth:
                continue
            pairs = [*zip(seen, truth, strict=False), ("nothing", "nothing")]
            a, b = next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])
            return f"{way}:\n    {a}\n{TRUTH}:\n    {b}"
        return ""

    def shrink(self, lines: list[str]) -> list[str]:
        """As few lines as still make a disagreement: ever smaller stretches are left out."""
        size = len(lines)
        while size >= 1:
            at = 0
            while at < len(lines):
                shorter = lines[:at] + lines[at + size :]
                if shorter and self.disagreement(shorter):
                    lines = shorter
                else:
                    at += size
            size = size // 2 if size > 1 else 0
        return lines

    def stop(self) -> None:
        for worker in self.workers.values():
            worker.stop()


def report(panel: Panel, seed: Any, lines: list[str], why: str) -> str:
    short = panel.shrink(lines)
    again = panel.disagreement(short) or f"(not seen again) {why}"
    return f"seed {seed}: {again}\nthe program:\n" + "\n".join(short)
