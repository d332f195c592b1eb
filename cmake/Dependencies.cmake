# SPDX-License-Identifier: Apache-2.0
# Finds what the library needs and lists it in gradus_libraries. Used by the build and by the installed package alike.
include(CMakeFindDependencyMacro)
find_dependency(OpenCL)
find_dependency(CLBlast CONFIG)
find_dependency(ZLIB)
find_dependency(PkgConfig)
pkg_check_modules(gradus_jansson REQUIRED IMPORTED_TARGET GLOBAL jansson)
pkg_check_modules(gradus_xxhash REQUIRED IMPORTED_TARGET GLOBAL libxxhash)

# Debian's CLBlast does not name OpenCL, so OpenCL is listed after it.
set(gradus_libraries
  clblast OpenCL::OpenCL ZLIB::ZLIB PkgConfig::gradus_jansson PkgConfig::gradus_xxhash m)
