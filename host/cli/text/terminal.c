/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: colour, character set, width. */
#include "text/terminal.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool has_text(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && *value != '\0';
}

static bool equals(const char *variable, const char *expected)
{
    const char *value = getenv(variable);
    return value != NULL && strcmp(value, expected) == 0;
}

bool terminal_is_updatable(FILE *stream)
{
    return isatty(fileno(stream)) && has_text("TERM") && !equals("TERM", "dumb");
}

terminal_style terminal_style_of(FILE *stream)
{
    return (terminal_style){
        .colour = terminal_is_updatable(stream) && !has_text("NO_COLOR"),
        .true_colour = equals("COLORTERM", "truecolor") || equals("COLORTERM", "24bit"),
        .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
}

const char *terminal_escape(const terminal_style *style, terminal_paint paint)
{
    static const char *const escapes[] = {
        [PAINT_NONE] = "\033[0m",   [PAINT_BOLD] = "\033[1m", [PAINT_DIM] = "\033[2m",
        [PAINT_GREEN] = "\033[32m", [PAINT_RED] = "\033[31m",
    };
    return style->colour ? escapes[paint] : "";
}

void terminal_clear_line(FILE *stream)
{
    if (terminal_is_updatable(stream))
        fputs("\r\033[K", stream);
}

size_t terminal_width(FILE *stream)
{
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}
