# SPDX-License-Identifier: Apache-2.0
# Files that `cmake --install` installs: libraries, header, data, a CMake package and a pkg-config file. None of them
# contains its own path, so the installed tree can be moved.
include(CMakePackageConfigHelpers)

install(TARGETS gradus_shared gradus_static EXPORT gradus)
install(DIRECTORY include/gradus TYPE INCLUDE)
install(DIRECTORY data/digits DESTINATION ${CMAKE_INSTALL_DATADIR}/gradus
  FILES_MATCHING PATTERN "*.gz" PATTERN README.md)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gradus)
install(EXPORT gradus NAMESPACE gradus:: FILE Targets.cmake DESTINATION ${package_dir})
configure_file(cmake/gradusConfig.cmake.in gradusConfig.cmake @ONLY)
write_basic_package_version_file(gradusConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/Dependencies.cmake ${PROJECT_BINARY_DIR}/gradusConfig.cmake
  ${PROJECT_BINARY_DIR}/gradusConfigVersion.cmake DESTINATION ${package_dir})

file(RELATIVE_PATH prefix_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
# OpenBLAS by its flags: OpenBLAS's own file names libgfortran for static linking, which its packages do not include.
if(gradus_blas)
  list(JOIN gradus_openblas_LDFLAGS " " pkgconfig_openblas)
endif()
if(gradus_onnx)
  set(pkgconfig_protobuf_c " libprotobuf-c")
endif()
configure_file(cmake/gradus.pc.in gradus.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/gradus.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# CMake writes the list of installed files to the build folder. If it exists before root writes it, it remains the
# user's.
if(NOT EXISTS ${CMAKE_BINARY_DIR}/install_manifest.txt)
  file(TOUCH ${CMAKE_BINARY_DIR}/install_manifest.txt)
endif()
