#include "visit/recording_rule.h"

static bool may_record(const struct recording_facts *facts) {
    return facts->live && facts->recording != RECORDING_OFF;
}

bool recording_takes_presenter(const struct recording_facts *facts) {
    return may_record(facts) && (facts->recording == RECORDING_ON || facts->customer_agreed);
}

bool recording_takes_customer(const struct recording_facts *facts, bool agreed) {
    return may_record(facts) && agreed;
}
