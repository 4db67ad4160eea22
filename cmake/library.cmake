# libhawser.so: the objects of src/api, and of the other rooms what they need. Only hawser_* leave it (src/api/hawser.map).
if(NOT TARGET hawser_api)
  return()
endif()
add_library(hawser SHARED $<TARGET_OBJECTS:hawser_api>)
add_library(hawser::hawser ALIAS hawser)
set(map ${PROJECT_SOURCE_DIR}/src/api/hawser.map)
set_target_properties(hawser PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${map} LINKER_LANGUAGE CXX)
target_include_directories(hawser INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# Linking hawser_api again adds no object twice: its archive is asked only for what is still missing. It brings the rooms below it.
target_link_libraries(hawser PRIVATE hawser_api Threads::Threads)
target_link_options(hawser PRIVATE LINKER:--version-script=${map} LINKER:--no-undefined LINKER:-z,relro LINKER:-z,now)
