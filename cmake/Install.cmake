# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where: libraries, header, data, a CMake package and a pkg-config file. None of these files
# names an absolute path, so the installed tree can be moved.
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
if(gradus_blas)
  set(pkgconfig_openblas " openblas")
endif()
if(gradus_onnx)
  set(pkgconfig_protobuf_c " libprotobuf-c")
endif()
configure_file(cmake/gradus.pc.in gradus.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/gradus.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
