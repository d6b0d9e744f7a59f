#[=======================================================================[.rst:
Slipway
-------

Container images as build targets. ``find_package(Slipway)``, ``add_subdirectory()`` and
``FetchContent`` all end here, so that a project may change its mind about how it gets Slipway.

  add_container_image()   SlipwayImage.cmake
  container_stage()       SlipwayImage.cmake
  container_copy()        SlipwayImage.cmake
  container_test()        SlipwayTest.cmake

The helper is the target ``Slipway::slipway``; ``Slipway_VERSION`` and ``Slipway_EXECUTABLE`` say
which one it is. No language is enabled.

Policies are recorded where a function is defined. They are set here, so that a project which
declares an older CMake than ours gets the same rules (CMP0116 above all: without it a depfile
with absolute paths makes Ninja build an image for ever).
#]=======================================================================]
include_guard(GLOBAL)
if(CMAKE_VERSION VERSION_LESS 3.20)
  message(FATAL_ERROR "Slipway needs CMake 3.20 or newer; this is ${CMAKE_VERSION}")
endif()

# So that messages can name the install() line of a file; the answer is there from the second
# configuring on, or the first with CMake 3.27.
if(NOT EXISTS "${CMAKE_BINARY_DIR}/.cmake/api/v1/query/client-slipway/codemodel-v2")
  file(WRITE "${CMAKE_BINARY_DIR}/.cmake/api/v1/query/client-slipway/codemodel-v2" "")
endif()

option(SLIPWAY_LOCKED "Refuse images of registries that slipway.lock does not pin" OFF)
cmake_policy(PUSH)
cmake_policy(VERSION 3.20...3.31)
include("${CMAKE_CURRENT_LIST_DIR}/SlipwayArguments.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/SlipwayRecipe.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/SlipwayTargets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/SlipwayImage.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/SlipwayTest.cmake")
cmake_policy(POP)
