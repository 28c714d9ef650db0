/* SPDX-License-Identifier: MIT
 *
 * What a profile (base/profile.h) is told of a program.
 */
#ifndef AGI_PROGRAM_NOTED_H
#define AGI_PROGRAM_NOTED_H

#include "../base/profile.h"
#include "program_form.h"

#pragma GCC visibility push(hidden)

/* Before it runs: what it is made of is let go afterwards. */
void agi_program_note(const program *p, ag_event *event);

/* After that, with the same event. */
void agi_program_noted(const agi_open_event *e, ag_event *event);

#pragma GCC visibility pop
#endif
