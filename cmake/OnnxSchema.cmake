# SPDX-License-Identifier: Apache-2.0
# C code for ONNX's messages, made by protobuf-c of the schema that comes with ONNX: its files are listed in
# onnx_schema_sources, its header is in onnx_schema_folder. gradus_onnx tells whether there shall be any; AUTO becomes
# ON where all is there.
find_package(PkgConfig REQUIRED)
if(gradus_onnx)
  if(gradus_onnx STREQUAL AUTO)
    set(onnx_required)
    pkg_check_modules(gradus_protobuf_c QUIET IMPORTED_TARGET GLOBAL libprotobuf-c)
  else()
    set(onnx_required REQUIRED)
    pkg_check_modules(gradus_protobuf_c REQUIRED IMPORTED_TARGET GLOBAL libprotobuf-c)
  endif()
  find_program(GRADUS_PROTOC_C protoc-c ${onnx_required})
  find_file(GRADUS_ONNX_PROTO onnx/onnx.proto ${onnx_required})
  mark_as_advanced(GRADUS_PROTOC_C GRADUS_ONNX_PROTO)
  if(gradus_protobuf_c_FOUND AND GRADUS_PROTOC_C AND GRADUS_ONNX_PROTO)
    set(gradus_onnx ON)
  else()
    set(gradus_onnx OFF)
  endif()
endif()

if(gradus_onnx)
  # The package is not part of what is written, but of all names in C, which must be ours.
  set(onnx_schema_folder ${PROJECT_BINARY_DIR}/onnx)
  file(READ ${GRADUS_ONNX_PROTO} onnx_schema)
  string(REPLACE "package onnx;" "package gr_onnx;" onnx_schema "${onnx_schema}")
  file(CONFIGURE OUTPUT ${onnx_schema_folder}/onnx.proto CONTENT "${onnx_schema}" @ONLY)
  set(onnx_schema_sources ${onnx_schema_folder}/onnx.pb-c.c)
  add_custom_command(
    OUTPUT ${onnx_schema_sources} ${onnx_schema_folder}/onnx.pb-c.h
    COMMAND ${GRADUS_PROTOC_C} --c_out=${onnx_schema_folder} --proto_path=${onnx_schema_folder} onnx.proto
    DEPENDS ${onnx_schema_folder}/onnx.proto
    COMMENT "Generating the messages of ONNX" VERBATIM)
endif()
