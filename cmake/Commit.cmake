# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, a header with the commit of SOURCE_DIR, or "" if git does not know it. A file that is up to date is not
# written. Usage: cmake -D OUTPUT=commit.h -D SOURCE_DIR=. -P Commit.cmake
find_program(git git)
set(commit "")
if(git)
  execute_process(COMMAND ${git} -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define GRADUS_COMMIT \"${commit}\"\n")
