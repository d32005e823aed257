/* Certificates that cannot be used say why. */
#include "app/certificate.h"

#include <unistd.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIR_ "/tmp/parlour-certificate-test"

static char reason[640];

static int setup(void **state) {
    (void)state;
    return system(
        "mkdir -p " DIR_ " && cd " DIR_ " && for n in a b; do openssl req -x509 -newkey ec "
        "-pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=$n -keyout $n.key "
        "-out $n.crt 2>/dev/null || exit 1; done; echo x > x.crt");
}

static int teardown(void **state) {
    (void)state;
    return system("rm -rf " DIR_);
}

static void a_good_pair_tells_its_end(void **state) {
    (void)state;
    int64_t end;
    assert_int_equal(certificate_check(DIR_ "/a.crt", DIR_ "/a.key", &end, reason, sizeof(reason)),
                     0);
    assert_true(end > 1700000000);
}

static void a_bad_pair_says_why(void **state) {
    (void)state;
    int64_t end;
    assert_int_equal(certificate_check(DIR_ "/a.crt", DIR_ "/b.key", &end, reason, sizeof(reason)),
                     -EINVAL);
    assert_non_null(strstr(reason, "not the key"));
    assert_int_equal(certificate_check(DIR_ "/x.crt", DIR_ "/a.key", &end, reason, sizeof(reason)),
                     -EINVAL);
    assert_non_null(strstr(reason, "no certificate"));
    assert_int_equal(certificate_check(DIR_ "/a.crt", DIR_ "/x.crt", &end, reason, sizeof(reason)),
                     -EINVAL);
    assert_non_null(strstr(reason, "no private key"));
    assert_int_equal(certificate_check(DIR_ "/no.crt", DIR_ "/a.key", &end, reason, sizeof(reason)),
                     -EINVAL);
    assert_non_null(strstr(reason, "no.crt"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_pair_tells_its_end),
        cmocka_unit_test(a_bad_pair_says_why),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
