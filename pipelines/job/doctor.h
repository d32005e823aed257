/* job/doctor.h: the job `doctor`: which plug-ins are there, a JSON line each. */
#pragma once

/* 0 when all are there, else 1. */
int doctor_main(int argc, char **argv);
