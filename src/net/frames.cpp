// Frames: an 8-byte head {bytes, type, descriptors, 0}, then the bytes. Descriptors travel with the first byte of their frame's head.
#include "src/net/frames.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <system_error>

#include "src/net/wire.h"

namespace hawser {
namespace {

constexpr size_t kHeadBytes = 8, kDescriptorsMax = 4;
constexpr size_t kGrowBytes = 256 * 1024;  // a frame's memory grows as its bytes come, not with what its head claims

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

bool is_unix(int fd) {
  int domain = 0;
  socklen_t bytes = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) == 0 && domain == AF_UNIX;
}

Status broken(int error) { return Status(Code::peer, "the connection broke: " + std::generic_category().message(error)); }
Status violated(const std::string& what) { return Status(Code::peer, "the peer broke the framing: " + what); }

struct Outgoing {
  std::string bytes;  // head and payload
  std::vector<Fd> descriptors;
  size_t sent = 0;
};

ssize_t send_with_descriptors(int fd, const Outgoing& frame) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kDescriptorsMax)] = {};
  iovec part{const_cast<char*>(frame.bytes.data()), frame.bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(sizeof(int) * frame.descriptors.size());
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int) * frame.descriptors.size());
  for (size_t i = 0; i < frame.descriptors.size(); ++i) {
    const int each = frame.descriptors[i].get();
    std::memcpy(CMSG_DATA(head) + i * sizeof each, &each, sizeof each);
  }
  return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Takes what came along; beyond the fourth they are closed at once.
void take_descriptors(msghdr& message, std::vector<Fd>& into) {
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int each = -1;
      std::memcpy(&each, CMSG_DATA(head) + i * sizeof each, sizeof each);
      Fd owned(each);
      if (into.size() < kDescriptorsMax) into.push_back(std::move(owned));
    }
  }
}

}  // namespace

struct FrameSocket::State {
  Fd fd;
  size_t frame_bytes_max = 0;
  bool over_unix = false;
  int error = 0;
  std::deque<Outgoing> queue;
  bool descriptors_refused = false;  // our own mistake: flush() says so

  char head[kHeadBytes];
  size_t head_bytes = 0;
  size_t payload_bytes = 0, payload_got = 0;
  size_t descriptors_due = 0;
  Frame incoming;

  Result<bool> read_head();
  Result<bool> read_payload();
  Status judge_head();
  Result<bool> heard(ssize_t got);
};

// true: go on; false: would block.
Result<bool> FrameSocket::State::heard(ssize_t got) {
  if (got > 0) return true;
  if (got < 0 && would_block()) return false;
  if (got < 0) return broken(error = errno);
  const bool between = head_bytes == 0;
  return Status(Code::peer, between ? "the peer ended the connection" : "the peer ended the connection in the middle of a frame");
}

Result<bool> FrameSocket::State::read_head() {  // true: whole
  while (head_bytes < kHeadBytes) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 253)];  // as many as the kernel passes at once
    iovec part{head + head_bytes, kHeadBytes - head_bytes};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = ::recvmsg(fd.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got > 0) take_descriptors(message, incoming.descriptors);
    if (!HAWSER_TRY(heard(got))) return false;
    head_bytes += static_cast<size_t>(got);
    if (head_bytes == kHeadBytes) HAWSER_TRY(judge_head());
  }
  return true;
}

Status FrameSocket::State::judge_head() {
  WireReader reader(std::string_view(head, kHeadBytes));
  payload_bytes = reader.number<uint32_t>();
  payload_got = 0;
  incoming.type = reader.number<uint8_t>();
  descriptors_due = reader.number<uint8_t>();
  if (reader.number<uint16_t>() != 0) return violated("a head with reserved bits set");
  if (payload_bytes > frame_bytes_max)
    return violated("a frame of " + std::to_string(payload_bytes) + " bytes where at most " + std::to_string(frame_bytes_max) +
                    " are allowed");
  if (descriptors_due > incoming.descriptors.size())
    return violated(std::to_string(descriptors_due) + " descriptors announced, " + std::to_string(incoming.descriptors.size()) + " came");
  incoming.descriptors.erase(incoming.descriptors.begin() + static_cast<ptrdiff_t>(descriptors_due), incoming.descriptors.end());
  incoming.bytes.clear();
  return {};
}

Result<bool> FrameSocket::State::read_payload() {  // true: whole. Plain recv: the kernel drops descriptors that come here.
  while (payload_got < payload_bytes) {
    if (incoming.bytes.size() == payload_got) incoming.bytes.resize(std::min(payload_bytes, payload_got + kGrowBytes));
    const ssize_t got = ::recv(fd.get(), incoming.bytes.data() + payload_got, incoming.bytes.size() - payload_got, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (!HAWSER_TRY(heard(got))) return false;
    payload_got += static_cast<size_t>(got);
  }
  return true;
}

FrameSocket::FrameSocket(Fd fd, size_t frame_bytes_max) : state_(std::make_unique<State>()) {
  state_->over_unix = is_unix(fd.get());
  state_->fd = std::move(fd);
  state_->frame_bytes_max = frame_bytes_max;
}
FrameSocket::~FrameSocket() = default;
FrameSocket::FrameSocket(FrameSocket&&) noexcept = default;
FrameSocket& FrameSocket::operator=(FrameSocket&&) noexcept = default;

void FrameSocket::send(Frame frame) {
  const bool sendable = frame.descriptors.size() <= kDescriptorsMax && (frame.descriptors.empty() || state_->over_unix);
  if (!sendable || frame.bytes.size() > UINT32_MAX) {
    state_->descriptors_refused = true;
    return;
  }
  WireWriter bytes;
  bytes.number(static_cast<uint32_t>(frame.bytes.size())).number(frame.type).number(static_cast<uint8_t>(frame.descriptors.size()));
  bytes.number(uint16_t{0}).raw(frame.bytes);
  state_->queue.push_back({bytes.take(), std::move(frame.descriptors)});
}

Status FrameSocket::flush() {
  if (state_->descriptors_refused)
    return Status(Code::usage, "a frame carries at most 4 descriptors, over unix sockets only, and less than 4 GiB");
  while (!state_->queue.empty()) {
    Outgoing& frame = state_->queue.front();
    const bool with_descriptors = frame.sent == 0 && !frame.descriptors.empty();
    const ssize_t sent = with_descriptors ? send_with_descriptors(state_->fd.get(), frame)
                                          : ::send(state_->fd.get(), frame.bytes.data() + frame.sent, frame.bytes.size() - frame.sent,
                                                   MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && would_block()) return {};
    if (sent < 0) return broken(state_->error = errno);
    frame.sent += static_cast<size_t>(sent);
    frame.descriptors.clear();
    if (frame.sent == frame.bytes.size()) state_->queue.pop_front();
  }
  return {};
}

bool FrameSocket::unsent() const { return !state_->queue.empty(); }

Result<std::optional<Frame>> FrameSocket::receive() {
  State& state = *state_;
  if (!HAWSER_TRY(state.read_head()) || !HAWSER_TRY(state.read_payload())) return std::optional<Frame>();
  state.head_bytes = 0;
  std::optional<Frame> whole(std::exchange(state.incoming, Frame()));
  return whole;
}

int FrameSocket::error() const { return state_->error; }
int FrameSocket::fd() const { return state_->fd.get(); }

}  // namespace hawser
