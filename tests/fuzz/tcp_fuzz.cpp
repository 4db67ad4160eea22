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

// Passes on what came, and keeps it.
void relay(const Fd& from, const Fd& to, std::string* heard) {
  const std::string words = drain(from);
  *heard += words;
  for (size_t at = 0; at < words.size();) {
    const ssize_t sent = send(to.get(), words.data() + at, words.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return;
    at += static_cast<size_t>(sent);
  }
}

// What an honest peer says when both sides send and receive everything: messages, announcements, grants, then data.
std::string honest() {
  auto [mine, my_wire] = socket_pair();
  auto [theirs, their_wire] = socket_pair();
  Edge one("tcp", Lane{.socket = std::move(mine)}), other("tcp", Lane{.socket = std::move(theirs)});
  for (Edge* edge : {&one, &other}) {
    edge->post_receives();
    edge->post_sends();
  }
  std::string heard, unused;
  for (int i = 0; i < 8; ++i) {
    one.poll();
    other.poll();
    relay(their_wire, my_wire, &heard);
    relay(my_wire, their_wire, &unused);
  }
  require(heard.size() > 65536, "an honest peer says everything");
  return heard;
}

}  // namespace

// Cut behind every frame's beginning, so that each is the last word of some seed.
std::vector<std::string> seeds() {
  const std::string all = honest().substr(0, 65536);
  std::vector<std::string> cut = {all};
  for (size_t at = all.find("HWS1", 1); at != std::string::npos; at = all.find("HWS1", at + 1)) cut.push_back(all.substr(0, at + 144));
  require(cut.size() >= 6, "an honest peer says several frames");
  return cut;
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
