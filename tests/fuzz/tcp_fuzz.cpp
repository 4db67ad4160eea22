// The tcp transport and a peer that says anything after an honest handshake.
#include <sys/socket.h>

#include "src/net/socket.h"
#include "tests/fuzz/edge.h"

namespace hawser::fuzz {
namespace {

std::string drain(const Fd& socket) {
  std::string all;
  char bytes[8192];
  for (ssize_t got = 0; (got = recv(socket.get(), bytes, sizeof bytes, MSG_DONTWAIT)) > 0;) all.append(bytes, static_cast<size_t>(got));
  return all;
}

// What an honest peer says: its messages, or the answers to ours.
std::string honest(bool sends, std::string_view said) {
  auto [ours, theirs] = socket_pair();
  Edge edge("tcp", Lane{.socket = std::move(ours)});
  if (sends) edge.post_sends();
  edge.post_receives();
  if (!said.empty()) (void)!send(theirs.get(), said.data(), said.size(), MSG_NOSIGNAL);
  std::string all;
  for (int i = 0; i < 4; ++i) {
    edge.poll();
    all += drain(theirs);
  }
  return all;
}

}  // namespace

std::vector<std::string> seeds() {
  const std::string messages = honest(true, ""), answers = honest(false, messages);
  require(messages.size() > 3000 && !answers.empty(), "honest peers say something");
  return {messages.substr(0, 8192), answers, messages.substr(0, 4000) + answers, honest(true, messages).substr(0, 8192)};
}

}  // namespace hawser::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hawser;
  auto [ours, theirs] = socket_pair();
  fuzz::Edge edge("tcp", Lane{.socket = std::move(ours)});
  edge.post_receives();
  edge.post_sends();
  edge.poll();
  if (size) (void)!send(theirs.get(), data, size < 65536 ? size : 65536, MSG_NOSIGNAL | MSG_DONTWAIT);
  for (int i = 0; i < 3; ++i) edge.poll();
  theirs.reset();
  for (int i = 0; i < 3; ++i) edge.poll();
  edge.check_fences();
  return 0;
}
