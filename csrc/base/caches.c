/* SPDX-License-Identifier: MIT
 *
 * Finds the sizes of the caches: from the processor itself on x86, which can also be asked where
 * /sys is missing (containers, sandboxes); from /sys elsewhere. sysconf is not asked: glibc tells
 * the last cache of all of an EPYC (320 MB), of which a core reaches its own group's (32 MB).
 */
#include "caches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if AGI_X86
#include <cpuid.h>
#endif

#define KB ((int64_t)1 << 10)
#define MB ((int64_t)1 << 20)
/* What is assumed where nothing is told. */
#define USUAL {32 * KB, MB, 32 * MB}
/* A virtual machine shares the last cache with others that it is not told of, and may be told the
 * caches of all sockets as one: it counts on no more than so much. */
#define VIRTUAL_LAST (32 * MB)
#define LEVELS 3
#define MOST_INDEXES 8      /* caches of all kinds that one core has */

agi_cache_sizes agi_caches = USUAL;

static char caches_note[192];

/* ---- what the machine tells ----------------------------------------------------------------- */

#if AGI_X86

enum { CACHE_OF_DATA = 1, CACHE_OF_ALL = 3 };
static const unsigned leaf_of_intel = 4, leaf_of_amd = 0x8000001D;

/* sizes[level - 1] of each cache for data that the leaf describes. */
static void read_leaf(unsigned leaf, int64_t sizes[LEVELS])
{
    unsigned a, b, c, d;
    for (unsigned k = 0; k < MOST_INDEXES && __get_cpuid_count(leaf, k, &a, &b, &c, &d); k++) {
        const unsigned type = a & 31, level = (a >> 5) & 7;
        if (type == 0)
            return;
        if ((type != CACHE_OF_DATA && type != CACHE_OF_ALL) || level < 1 || level > LEVELS)
            continue;
        const int64_t ways = (int64_t)(b >> 22) + 1, parts = ((b >> 12) & 1023) + 1;
        const int64_t line = (b & 4095) + 1, sets = (int64_t)c + 1;
        sizes[level - 1] = ways * parts * line * sets;
    }
}

static void read_machine(int64_t sizes[LEVELS])
{
    unsigned a, b, c, d;
    read_leaf(leaf_of_intel, sizes);
    if (sizes[0] == 0)
        read_leaf(leaf_of_amd, sizes);
    const bool is_virtual = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c >> 31) != 0;
    if (is_virtual && sizes[2] > VIRTUAL_LAST)
        sizes[2] = VIRTUAL_LAST;
}

#else

/* The one line of a file that describes a cache of the first CPU; "" if there is none. */
static void read_line(int index, const char *name, char line[32])
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
    FILE *file = fopen(path, "re");
    line[0] = '\0';
    if (file == NULL)
        return;
    if (fgets(line, 32, file) == NULL)
        line[0] = '\0';
    fclose(file);
}

/* "32K" and the like: the kernel counts in these. */
static void read_machine(int64_t sizes[LEVELS])
{
    char line[32];
    for (int index = 0; index < MOST_INDEXES; index++) {
        read_line(index, "level", line);
        const long level = strtol(line, NULL, 10);
        read_line(index, "type", line);
        if (level < 1 || level > LEVELS || strncmp(line, "Instruction", 11) == 0)
            continue;
        read_line(index, "size", line);
        sizes[level - 1] = strtoll(line, NULL, 10) * KB;
    }
}

#endif

static int64_t within(int64_t size, int64_t least, int64_t most)
{
    return size < least ? least : size > most ? most : size;
}

/* A machine that tells of its first two caches alone has no third: the second is the last. Sizes
 * that no machine has are taken for the nearest that one may have. */
static agi_cache_sizes find_caches(void)
{
    agi_cache_sizes found = USUAL;
    int64_t sizes[LEVELS] = {0};
    read_machine(sizes);
    if (sizes[0] > 0)
        found.first = within(sizes[0], 8 * KB, 512 * KB);
    if (sizes[1] > 0)
        found.second = within(sizes[1], 128 * KB, 64 * MB);
    if (sizes[1] > 0 || sizes[2] > 0)
        found.last = within(sizes[2], found.second, KB * MB);
    return found;
}

/* ---- what is asked for ---------------------------------------------------------------------- */

/* A size such as 32K at *text, which is moved behind it; 0 if there is none. */
static int64_t read_size(const char **text)
{
    char *end;
    if (**text < '1' || **text > '9')
        return 0;
    long long size = strtoll(*text, &end, 10);
    int64_t unit = *end == 'K' ? KB : *end == 'M' ? MB : 1;
    *text = end + (unit > 1);
    return size <= KB * KB * MB / unit ? size * unit : 0;
}

/* Three sizes, none less than the one before it. */
static bool read_sizes(const char *text, agi_cache_sizes *to)
{
    int64_t sizes[LEVELS];
    for (int k = 0; k < LEVELS; k++) {
        sizes[k] = read_size(&text);
        if (sizes[k] < (k > 0 ? sizes[k - 1] : 1) || *text++ != (k < LEVELS - 1 ? ',' : '\0'))
            return false;
    }
    *to = (agi_cache_sizes){sizes[0], sizes[1], sizes[2]};
    return true;
}

/* What cannot be read is not an error, as in levels.c: show_config prints the note. */
void agi_caches_start(void)
{
    const char *wanted = getenv("PYAUTOGRAD_CACHES");
    agi_caches = find_caches();
    if (wanted == NULL || wanted[0] == '\0' || read_sizes(wanted, &agi_caches))
        return;
    snprintf(caches_note, sizeof caches_note,
             " PYAUTOGRAD_CACHES is not three sizes such as 32K,1M,32M, none less than the one "
             "before: \"%.40s\"",
             wanted);
}

static int write_size(char *text, size_t room, const char *before, int64_t size)
{
    const char *unit = size % MB == 0 ? "M" : size % KB == 0 ? "K" : "";
    const int64_t in = size % MB == 0 ? MB : size % KB == 0 ? KB : 1;
    return snprintf(text, room, "%s%lld%s", before, (long long)(size / in), unit);
}

void agi_caches_write(char text[AGI_CACHES_TEXT])
{
    const int64_t sizes[LEVELS] = {agi_caches.first, agi_caches.second, agi_caches.last};
    int at = 0;
    for (int k = 0; k < LEVELS; k++)
        at += write_size(text + at, (size_t)(AGI_CACHES_TEXT - at), k > 0 ? "," : "", sizes[k]);
    snprintf(text + at, (size_t)(AGI_CACHES_TEXT - at), "%s", caches_note);
}

#undef KB
#undef MB
#undef USUAL
#undef VIRTUAL_LAST
#undef LEVELS
#undef MOST_INDEXES
