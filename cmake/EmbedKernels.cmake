# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, a C file with the text of each of FILES, which are below FOLDER and separated by "|", as an entry of
# kernel_table. The text is written as bytes: string literals have a limited length and need escaping.
string(REPLACE "|" ";" FILES "${FILES}")
set(arrays "")
set(entries "")
foreach(file IN LISTS FILES)
  string(MAKE_C_IDENTIFIER ${file} name)
  file(READ ${FOLDER}/${file} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "static const char ${name}[] = {${bytes}0};\n")
  string(APPEND entries "    {\"${file}\", ${name}, sizeof ${name} - 1},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"device/kernel_table.h\"\n\n${arrays}\nconst kernel_text gr_kernel_table[] = {\n${entries}};\nconst size_t gr_kernel_table_length = sizeof gr_kernel_table / sizeof *gr_kernel_table;\n")
