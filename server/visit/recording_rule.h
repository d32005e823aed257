/* visit/recording_rule.h: what of a visit may be recorded: one rule, for the server's tap and for
 * what people are told. Pure.
 *
 * Nothing is recorded unless the visit is live and its recording is not off. The presenter's side
 * (staff, encoders, feeds) is recorded when recording is `on`, or when it is `ask` and a customer
 * who is here has agreed. A customer is recorded only when that customer has agreed. */
#pragma once
#include <stdbool.h>

enum visit_recording { RECORDING_OFF, RECORDING_ASK, RECORDING_ON };

struct recording_facts {
    bool live; /* the visit is */
    enum visit_recording recording;
    bool customer_agreed; /* one who is here */
};

/* Is the presenter's side recorded? */
bool recording_takes_presenter(const struct recording_facts *facts);

/* Is a customer's source recorded, who has agreed or not? */
bool recording_takes_customer(const struct recording_facts *facts, bool agreed);
