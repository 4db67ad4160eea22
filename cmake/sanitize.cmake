# HAWSER_SANITIZE: one sanitizer for everything that is built, set up so that a report ends the program.
if(HAWSER_SANITIZE STREQUAL "address")
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(HAWSER_SANITIZE STREQUAL "thread")
  # Fences are invisible to the thread sanitizer; g++ warns at every one. The words they order are atomics, which it does see.
  set(sanitizers -fsanitize=thread -Wno-tsan)
elseif(HAWSER_SANITIZE)
  message(FATAL_ERROR "HAWSER_SANITIZE=${HAWSER_SANITIZE}: it is address, thread, or nothing")
endif()
if(HAWSER_SANITIZE)
  add_compile_options(${sanitizers} -fno-omit-frame-pointer -g1)
  add_link_options(${sanitizers})
endif()
