// The socket's two directions. Nothing blocks; a call that was cut short anywhere goes on there the next time.
#include "transports/tcp/lane.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hawser {
namespace {

constexpr size_t head_capacity = size_t{16} << 10;
constexpr size_t long_payload_bytes = size_t{8} << 10;

// The kernel takes a plain buffer faster than a list of one.
ssize_t send_parts(int fd, std::span<const std::byte> first, std::span<const std::byte> second) {
  ssize_t went;
  do {
    if (first.empty() || second.empty()) {
      const auto& only = first.empty() ? second : first;
      went = ::send(fd, only.data(), only.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    } else {
      iovec parts[2] = {{const_cast<std::byte*>(first.data()), first.size()}, {const_cast<std::byte*>(second.data()), second.size()}};
      msghdr message{};
      message.msg_iov = parts;
      message.msg_iovlen = 2;
      went = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  } while (went < 0 && errno == EINTR);
  return went;
}

ssize_t receive_parts(int fd, std::span<std::byte> first, std::span<std::byte> second) {
  ssize_t got;
  do {
    if (first.empty()) {
      got = ::recv(fd, second.data(), second.size(), MSG_DONTWAIT);
    } else {
      iovec parts[2] = {{first.data(), first.size()}, {second.data(), second.size()}};
      msghdr message{};
      message.msg_iov = parts;
      message.msg_iovlen = 2;
      got = ::recvmsg(fd, &message, MSG_DONTWAIT);
    }
  } while (got < 0 && errno == EINTR);
  return got;
}

}  // namespace

Result<std::unique_ptr<TcpLane>> TcpLane::adopt(Fd fd, TcpShared& shared, Ledger& ledger, Dialogue& dialogue) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) < 0) return Status::from_errno(errno, "adopting a connection");
  ++shared.lanes;
  return std::unique_ptr<TcpLane>(new TcpLane(std::move(fd), shared, ledger, dialogue));
}

TcpLane::~TcpLane() {
  discard_unread();
  if (in_frame_) dialogue_.abandon(incoming_);
  ledger_.buffers.give(std::move(head_));
  ledger_.buffers.give(std::move(copy_));
  --shared_.lanes;
}

// A close with bytes unread resets the connection, and what was sent on it may then be lost on its way.
void TcpLane::discard_unread() {
  for (int i = 0; i < 64; ++i) {
    const ssize_t got = ::recv(fd_.get(), shared_.stage.data(), TcpShared::stage_bytes, MSG_DONTWAIT);
    if (got <= 0) return;
  }
}

// What the peer's kernel has not yet acknowledged would be lost if the close turned into a reset, which anything that arrives after it
// brings about.
bool TcpLane::delivered() {
  if (broken() || ended_) return true;
  discard_unread();
  int domain = 0, unacknowledged = 0;
  socklen_t bytes = sizeof domain;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_DOMAIN, &domain, &bytes) != 0 || domain == AF_UNIX) return true;
  pollfd socket{fd_.get(), 0, 0};
  if (::poll(&socket, 1, 0) > 0 && (socket.revents & (POLLERR | POLLHUP)) != 0) return true;
  return ::ioctl(fd_.get(), TIOCOUTQ, &unacknowledged) != 0 || unacknowledged == 0;
}

bool TcpLane::fill() {
  Outgoing out;
  while (!payload_ && head_bytes_ + sizeof(FrameHeader) + copied_bytes_max <= head_capacity && dialogue_.next(number_, out)) {
    if (!head_) head_ = ledger_.buffers.take(head_capacity);
    std::memcpy(head_.data() + head_bytes_, &out.header, sizeof out.header);
    head_bytes_ += sizeof out.header;
    if (out.header.length > copied_bytes_max) {
      payload_ = out.payload;
      payload_bytes_ = out.header.length;
    } else if (out.header.length) {
      std::memcpy(head_.data() + head_bytes_, out.payload, out.header.length);
      head_bytes_ += out.header.length;
    }
    outgoing_.push_back(out);
  }
  return unsent();
}

void TcpLane::write_at_once(const FrameHeader& header, std::span<const std::byte> payload) {
  std::byte* const frame = shared_.stage.data();
  const size_t bytes = sizeof header + payload.size();
  std::memcpy(frame, &header, sizeof header);
  if (!payload.empty()) std::memcpy(frame + sizeof header, payload.data(), payload.size());
  const ssize_t went = send_parts(fd_.get(), {frame, bytes}, {});
  if (went < 0) note_error();
  const size_t taken = static_cast<size_t>(std::max<ssize_t>(went, 0));
  if (taken == bytes) return;
  head_ = ledger_.buffers.take(head_capacity);
  head_bytes_ = bytes - taken;
  std::memcpy(head_.data(), frame + taken, head_bytes_);
}

void TcpLane::note_error() {
  if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) error_ = errno;
}

bool TcpLane::write_some() {
  if (broken() || (!unsent() && !fill())) return false;
  const ssize_t went = send_parts(fd_.get(), {head_.data() + head_sent_, head_bytes_ - head_sent_}, {payload_, payload_bytes_});
  if (went < 0) {
    note_error();
    return false;
  }
  sent(static_cast<size_t>(went));
  return !unsent();
}

void TcpLane::sent(size_t bytes) {
  const size_t of_head = std::min(bytes, head_bytes_ - head_sent_);
  head_sent_ += of_head;
  if (payload_) {
    payload_ += bytes - of_head;
    payload_bytes_ -= bytes - of_head;
  }
  if (head_sent_ < head_bytes_ || payload_bytes_) return;
  for (const Outgoing& out : outgoing_) dialogue_.written(out);
  outgoing_.clear();
  head_sent_ = head_bytes_ = 0;
  payload_ = nullptr;
  ledger_.buffers.give(std::move(copy_));
  ledger_.buffers.give(std::move(head_));
}

void TcpLane::detach(uint64_t communicator) {
  if (!payload_bytes_ || copy_ || dialogue_.communicator_of(outgoing_.back()) != communicator) return;
  copy_ = ledger_.buffers.take(payload_bytes_);
  std::memcpy(copy_.data(), payload_, payload_bytes_);
  payload_ = copy_.data();
}

// A socket at its end is readable for ever: it leaves the set that wakes sleepers.
TcpLane::Read TcpLane::end() {
  unwatch();
  ended_ = true;
  return Read::ended;
}

bool TcpLane::left() const { return ended_ && (error_ == 0 || error_ == ECONNRESET || error_ == EPIPE); }

TcpLane::Read TcpLane::read_some(bool may_hold) {
  if (ended_) return Read::ended;
  std::byte* const stage = shared_.stage.data();
  std::memcpy(stage, partial_, partial_bytes_);
  const size_t held = partial_bytes_;
  if (held >= sizeof(FrameHeader)) {
    if (!consume(stage, held, may_hold)) return Read::malformed;
    if (partial_bytes_ >= sizeof(FrameHeader)) return Read::dry;
    std::memcpy(stage, partial_, partial_bytes_);
  }
  const size_t direct = in_frame_ && incoming_.target ? left_ : 0;
  // Of long frames only the next header and little more: what else follows is better read to where it belongs.
  const size_t staged = long_frames_ ? short_stage_bytes : TcpShared::stage_bytes - partial_bytes_;
  const ssize_t got = receive_parts(fd_.get(), {incoming_.target, direct}, {stage + partial_bytes_, staged});
  if (got == 0) return end();
  if (got < 0) return trouble();
  const size_t count = static_cast<size_t>(got), landed = std::min(count, direct);
  if (landed) land(nullptr, landed);
  if (!consume(stage, partial_bytes_ + count - landed, may_hold)) return Read::malformed;
  return count == direct + staged ? Read::more : Read::dry;
}

TcpLane::Read TcpLane::trouble() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return Read::dry;
  error_ = errno;
  return end();
}

void TcpLane::land(const std::byte* bytes, size_t count) {
  if (incoming_.target) {
    if (bytes) std::memcpy(incoming_.target, bytes, count);
    incoming_.target += count;
  }
  left_ -= count;
  if (left_) return;
  in_frame_ = false;
  dialogue_.end(number_, incoming_);
  incoming_.target = nullptr;
}

bool TcpLane::begin_frame(const std::byte* bytes) {
  FrameHeader header;
  std::memcpy(&header, bytes, sizeof header);
  if (!dialogue_.begin(number_, header, incoming_)) return false;
  in_frame_ = true;
  left_ = header.length;
  long_frames_ = header.length > long_payload_bytes;
  if (left_ == 0) land(nullptr, 0);
  return true;
}

// A long message whose receive may come with the caller's next operation: then it is read straight to where it belongs.
bool TcpLane::holds_back(const std::byte* bytes, size_t count) const {
  if (count > sizeof partial_ || ledger_.completions.empty()) return false;
  FrameHeader header;
  std::memcpy(&header, bytes, sizeof header);
  return header.type == FrameType::eager && header.length > long_payload_bytes && !dialogue_.expects(header.envelope);
}

bool TcpLane::consume(const std::byte* bytes, size_t count, bool may_hold) {
  while (true) {
    if (in_frame_) {
      const size_t part = std::min(count, left_);
      if (part) land(bytes, part);
      bytes += part;
      count -= part;
      if (in_frame_) break;  // nothing is left of the stage
    }
    if (count < sizeof(FrameHeader) || (may_hold && holds_back(bytes, count))) break;
    if (!begin_frame(bytes)) return false;
    bytes += sizeof(FrameHeader);
    count -= sizeof(FrameHeader);
  }
  std::memcpy(partial_, bytes, count);
  partial_bytes_ = count;
  return true;
}

bool TcpLane::watch(void* as) {
  const uint32_t events = unsent() ? EPOLLIN | EPOLLOUT : EPOLLIN;
  if (ended_ || broken() || watched_ == events) return true;
  epoll_event event{.events = events, .data = {.ptr = as}};
  if (::epoll_ctl(shared_.epoll.get(), watched_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd_.get(), &event) < 0) {
    error_ = errno;
    return false;
  }
  watched_ = events;
  return true;
}

void TcpLane::unwatch() {
  if (watched_ != 0) (void)::epoll_ctl(shared_.epoll.get(), EPOLL_CTL_DEL, fd_.get(), nullptr);
  watched_ = 0;
}

}  // namespace hawser
