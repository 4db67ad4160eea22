// Ranks as threads of this process, through the public C API: what most tests of collectives stand on.
#pragma once
#include <functional>
#include <string>

#include "hawser/hawser.h"

namespace hawser::test {

// Makes a communicator of n ranks, each in a thread of its own, runs body on each, destroys it. A failure of creation or destruction is a
// test failure.
void with_ranks(int n, const std::string& settings, const std::function<void(hawser_comm*, int rank)>& body);

// The same with settings that depend on the rank.
void with_ranks(int n, const std::function<std::string(int rank)>& settings, const std::function<void(hawser_comm*, int rank)>& body);

inline constexpr hawser_stream kBlock = {};

}  // namespace hawser::test
