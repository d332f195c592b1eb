# SPDX-License-Identifier: Apache-2.0
# find_package(gradus) gives gradus::gradus, the shared library, and gradus::gradus_static.
include(${CMAKE_CURRENT_LIST_DIR}/Dependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/Targets.cmake)
