# SlipwayPackage.cmake - makes this build tree look like an installed Slipway: bin/slipway (built),
# share/slipway/, share/cmake/Slipway/. The helper finds its files by its own place, and
# find_package() takes the build tree as CMAKE_PREFIX_PATH or as Slipway_DIR.
include(CMakePackageConfigHelpers)

set(SLIPWAY_PROGRAM "${CMAKE_INSTALL_BINDIR}/slipway")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/SlipwayConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/CMakeFiles/SlipwayConfig.cmake"
  INSTALL_DESTINATION share/cmake/Slipway PATH_VARS SLIPWAY_PROGRAM)
set(SLIPWAY_PROGRAM bin/slipway)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/SlipwayConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/share/cmake/Slipway/SlipwayConfig.cmake"
  INSTALL_DESTINATION share/cmake/Slipway PATH_VARS SLIPWAY_PROGRAM)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/share/cmake/Slipway/SlipwayConfigVersion.cmake"
  COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
foreach(file SlipwayConfig SlipwayConfigVersion)
  file(WRITE "${PROJECT_BINARY_DIR}/${file}.cmake"
    "include(\"\${CMAKE_CURRENT_LIST_DIR}/share/cmake/Slipway/${file}.cmake\")\n")
endforeach()

set(SLIPWAY_MODULES Slipway SlipwayArguments SlipwayImage SlipwayInputs SlipwayInstallTargets
  SlipwayRecipe SlipwayTargets SlipwayTest SlipwayTestList)
list(TRANSFORM SLIPWAY_MODULES REPLACE "(.+)" "${CMAKE_CURRENT_LIST_DIR}/\\1.cmake")
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/share/slipway")
foreach(file IN LISTS SLIPWAY_MODULES)
  get_filename_component(name "${file}" NAME)
  file(CREATE_LINK "${file}" "${PROJECT_BINARY_DIR}/share/cmake/Slipway/${name}" SYMBOLIC)
endforeach()
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/make/slipway.mk"
  "${PROJECT_BINARY_DIR}/share/slipway/slipway.mk" SYMBOLIC)
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/templates"
  "${PROJECT_BINARY_DIR}/share/slipway/templates" SYMBOLIC)
