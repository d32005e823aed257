#include "job/doctor.h"

#include "job/confine.h"
#include "job/elements.h"

int doctor_main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) {
        return 2;
    }
    int missing = 0;
    for (size_t i = 0; i < element_need_count; i++) {
        const struct element_need *need = &element_needs[i];
        bool present = element_present(need->name);
        report_element(need->name, present, need->purpose, need->package);
        missing += !present;
    }
    report_confinement((unsigned)confine_landlock(), confine_seccomp());
    return missing > 0 ? 1 : 0;
}
