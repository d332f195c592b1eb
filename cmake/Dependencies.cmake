# SPDX-License-Identifier: Apache-2.0
# Finds the library's dependencies and lists them in gradus_libraries, for the build and for the installed package.
# gradus_blas says whether OpenBLAS is one of them; AUTO becomes ON if it is found, else OFF. gradus_onnx says whether
# protobuf-c is.
include(CMakeFindDependencyMacro)
find_dependency(OpenCL)
find_dependency(CLBlast CONFIG)
find_dependency(ZLIB)
find_dependency(Threads)
find_dependency(PkgConfig)
pkg_check_modules(gradus_jansson REQUIRED IMPORTED_TARGET GLOBAL jansson)
pkg_check_modules(gradus_xxhash REQUIRED IMPORTED_TARGET GLOBAL libxxhash)
if(gradus_blas STREQUAL AUTO)
  pkg_check_modules(gradus_openblas IMPORTED_TARGET GLOBAL openblas)
  set(gradus_blas ${gradus_openblas_FOUND})
elseif(gradus_blas)
  pkg_check_modules(gradus_openblas REQUIRED IMPORTED_TARGET GLOBAL openblas)
endif()
if(gradus_onnx)
  pkg_check_modules(gradus_protobuf_c REQUIRED IMPORTED_TARGET GLOBAL libprotobuf-c)
endif()

# Debian's CLBlast does not name OpenCL, so OpenCL is listed after it.
set(gradus_libraries
  clblast OpenCL::OpenCL ZLIB::ZLIB PkgConfig::gradus_jansson PkgConfig::gradus_xxhash
  Threads::Threads m)
if(gradus_blas)
  list(APPEND gradus_libraries PkgConfig::gradus_openblas)
endif()
if(gradus_onnx)
  list(APPEND gradus_libraries PkgConfig::gradus_protobuf_c)
endif()
