/* app/pipeline_line.h: one JSON line of a parlour-pipeline process as a job event. Pure. */
#pragma once
#include "base/jobs.h"
#include "base/spans.h"

#define PIPELINE_LINE_MAX 8192

/* Fills type, fraction, stage, seconds_left, duration, delay_ms, reason and message of `ret`; job
 * and fd stay. 0, -ENOENT an event that is not known (ignore it), -EINVAL no such line. */
int pipeline_line_parse(struct bytes line, struct job_event *ret);
