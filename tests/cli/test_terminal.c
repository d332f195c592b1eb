/* SPDX-License-Identifier: Apache-2.0 */
/* Output on a terminal: the progress line, colours, and neither where they are switched off. */
#include "run_on_terminal.h"
#include "with_device.h"

#define TRAIN "\"$GRADUS\" train tiny --engine reference --iterations 20000 --report-every 100 --out m.safetensors"

static void test_progress_line(void **state)
{
    (void)state;
    assert_int_equal(run_on_terminal(TRAIN), 0);
    assert_prints(program_out, CLEAR "reading the data ...");
    assert_prints(program_out, CLEAR "it 0/20000  loss ");
    assert_prints(program_out, " it/s ");
    assert_prints(program_out, CLEAR "device      none needed\r\n");
    assert_null(strstr(program_out, "iteration 100 of"));
    assert_int_equal(run_on_terminal(TRAIN " --quiet"), 0);
    assert_null(strstr(program_out, "it 0/"));
}

/* The remaining time is at the end of the line, so every line with a rate must have it. */
static void test_progress_fits(void **state)
{
    (void)state;
    size_t lines = 0;
    assert_int_equal(
        run_on_terminal("timeout --foreground -s INT 1 \"$GRADUS\" train tiny --engine reference --hidden 200,200 "
                        "--lr 0.001 --iterations 999999 --report-every 1"),
        124);
    for (const char *pace = program_out; (pace = strstr(pace, " it/s")) != NULL; pace++, lines++) {
        const char *end = strstr(pace, CLEAR);
        assert_non_null(end);
        assert_int_equal(strncmp(end - 5, " left", 5), 0);
    }
    assert_true(lines > 0);
}

static void test_message_replaces_line(void **state)
{
    (void)state;
    assert_int_equal(run_on_terminal("\"$GRADUS\" train nowhere"), 66);
    assert_prints(program_out, "reading the data ..." CLEAR "gradus: nowhere: ");
}

static void test_drawing_colours(void **state)
{
    (void)state;
    assert_int_equal(run_on_terminal(TRAIN " --quiet"), 0);
    assert_int_equal(run_on_terminal("\"$GRADUS\" predict m.safetensors tiny:1 --show"), 0);
    assert_prints(program_out, "\033[38;5;16m\033[48;5;231m\u2580"); /* a dark pixel above a bright one */
    assert_prints(program_out, "\u2588");
    assert_int_equal(run_on_terminal("COLORTERM=truecolor \"$GRADUS\" predict m.safetensors tiny:1 --show"), 0);
    assert_prints(program_out, "\033[48;2;255;255;255m\u2580");
    assert_int_equal(run_on_terminal("NO_COLOR=1 \"$GRADUS\" predict m.safetensors tiny:1 --show"), 0);
    assert_null(strchr(program_out, '\033'));
    assert_int_equal(run_on_terminal("TERM=dumb LC_ALL=C \"$GRADUS\" predict m.safetensors tiny:1 --show"), 0);
    assert_null(strchr(program_out, '\033'));
    assert_null(strstr(program_out, "\u2588"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        program_test(test_progress_line),
        program_test(test_progress_fits),
        program_test(test_message_replaces_line),
        program_test(test_drawing_colours),
    };
    program_prepare();
    gradus_device_close(open_test_device());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
