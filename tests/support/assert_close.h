/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For every test program: cmocka, and a comparison that fails for NaN and infinity (cmocka 1.1.5's assert_float_equal
 * passes both).
 */
#ifndef GRADUS_TESTS_ASSERT_CLOSE_H
#define GRADUS_TESTS_ASSERT_CLOSE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Fails unless |a[i] - b[i]| <= atol + rtol |b[i]| for every i < n; prints the first index that differs, both values
 * and the seed. */
#define assert_all_close(a, b, n, atol, rtol, seed)                                                                   \
    do {                                                                                                              \
        for (size_t i_ = 0; i_ < (n); i_++) {                                                                         \
            double a_ = (a)[i_], b_ = (b)[i_];                                                                        \
            if (!(fabs(a_ - b_) <= (atol) + (rtol)*fabs(b_)))                                                         \
                fail_msg("%s[%zu] = %.9g, expected %.9g (seed %llu)", #a, i_, a_, b_, (unsigned long long)(seed));    \
        }                                                                                                             \
    } while (0)

#define assert_close(a, b, atol, rtol)                                                                                \
    do {                                                                                                              \
        double a_ = (a), b_ = (b);                                                                                    \
        if (!(fabs(a_ - b_) <= (atol) + (rtol)*fabs(b_)))                                                             \
            fail_msg("%s = %.9g, expected %.9g", #a, a_, b_);                                                         \
    } while (0)

/* For calls that must succeed or must fail with a status and a message that contains `part`. */
#define assert_ok(call)                                                                                               \
    do {                                                                                                              \
        if ((call) != GRADUS_OK)                                                                                      \
            fail_msg("%s: %s", #call, gradus_last_error());                                                           \
    } while (0)

#define assert_fails(call, expected, part)                                                                            \
    do {                                                                                                              \
        gradus_status status_ = (call);                                                                               \
        if (status_ != (expected))                                                                                    \
            fail_msg("%s: %s, expected %s (%s)", #call, gradus_status_name(status_), #expected, gradus_last_error()); \
        if (strstr(gradus_last_error(), (part)) == NULL)                                                              \
            fail_msg("%s: message \"%s\" lacks \"%s\"", #call, gradus_last_error(), (part));                          \
    } while (0)

#endif
