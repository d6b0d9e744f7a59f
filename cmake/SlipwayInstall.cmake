# SlipwayInstall.cmake - what `cmake --install` of Slipway installs.
install(TARGETS slipway RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(FILES "${PROJECT_SOURCE_DIR}/make/slipway.mk" DESTINATION share/slipway)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/templates" DESTINATION share/slipway)
install(FILES ${SLIPWAY_MODULES} "${PROJECT_BINARY_DIR}/CMakeFiles/SlipwayConfig.cmake"
  "${PROJECT_BINARY_DIR}/share/cmake/Slipway/SlipwayConfigVersion.cmake"
  DESTINATION share/cmake/Slipway)
