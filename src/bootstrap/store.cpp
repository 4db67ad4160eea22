// Meeting through a file: rank 0 publishes the id, the others poll for it; what a dead job left behind hangs nobody.
#include "src/bootstrap/store.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "src/base/fd.h"
#include "src/base/log.h"
#include "src/bootstrap/launch.h"
#include "src/net/door.h"
#include "src/net/wire.h"

namespace hawser {
namespace store {
namespace {

constexpr std::string_view kHead = "hawser 1 ";
constexpr size_t kFileBytesMax = 4096;

Status write_whole(const std::string& path, const std::string& content) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));  // it holds the secret
  if (!file) return Status::from_errno(errno, "writing " + path);
  size_t written = 0;
  while (written < content.size()) {
    const ssize_t part = ::write(file.get(), content.data() + written, content.size() - written);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return Status::from_errno(errno, "writing " + path);
    written += static_cast<size_t>(part);
  }
  if (::fsync(file.get()) != 0) return Status::from_errno(errno, "writing " + path);
  return {};
}

Status exists_already(const std::string& path) {
  return Status(Code::usage,
                "the file " + path + " exists already: another job meets there, or left it behind; remove it or choose another");
}

Status move_into_place(const std::string& from, const std::string& path, bool replace) {
  if (!replace) {
    if (::link(from.c_str(), path.c_str()) == 0) return {};
    if (errno == EEXIST) return exists_already(path);
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return Status::from_errno(errno, "writing " + path);
    if (::access(path.c_str(), F_OK) == 0) return exists_already(path);  // a file system without links
  }
  if (::rename(from.c_str(), path.c_str()) != 0) return Status::from_errno(errno, "writing " + path);
  return {};
}

}  // namespace

std::string content_of(const UniqueId& id) {
  std::array<std::byte, unique_id_bytes> bytes;
  id.encode(bytes);
  return std::string(kHead) + hexadecimal(bytes) + "\n";
}

Result<UniqueId> parse_content(const std::string& path, const std::string& content) {
  std::array<std::byte, unique_id_bytes> bytes;
  const std::string_view whole = content;
  const std::string name = "the file " + path;
  if (!whole.starts_with(kHead.substr(0, std::min(kHead.size(), whole.size()))))
    return Status(Code::invalid, name + " was not written by Hawser");
  if (whole.size() < kHead.size() + 2 * unique_id_bytes + 1) return Status(Code::invalid, name + " is truncated");
  const std::string_view digits = whole.substr(kHead.size(), 2 * unique_id_bytes);
  if (whole.size() != kHead.size() + digits.size() + 1 || !parse_hexadecimal(digits, bytes))
    return Status(Code::invalid, name + " holds no unique id");
  return UniqueId::decode(bytes).during(name);
}

Result<std::optional<std::string>> read_small_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file && errno == ENOENT) return std::optional<std::string>();
  if (!file) return Status::from_errno(errno, "reading " + path);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return Status::from_errno(errno, "reading " + path);
  if (!S_ISREG(facts.st_mode)) return Status(Code::invalid, path + " is not an ordinary file");
  std::string content(kFileBytesMax, '\0');
  size_t got = 0;
  while (got < content.size()) {
    const ssize_t part = ::read(file.get(), content.data() + got, content.size() - got);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return Status::from_errno(errno, "reading " + path);
    if (part == 0) break;
    got += static_cast<size_t>(part);
  }
  content.resize(got);
  return std::optional(std::move(content));
}

Status publish(const std::string& path, const std::string& content, bool replace, Random& random) {
  std::array<std::byte, 8> unique;
  random.fill(unique);
  const std::string beside = path + "." + hexadecimal(unique);
  Status status = write_whole(beside, content);
  if (status.ok()) status = move_into_place(beside, path, replace);
  ::unlink(beside.c_str());  // nothing after a rename
  return status;
}

Status probe(const UniqueId& id, const Config& config, uint64_t deadline_ns, const Clock& clock, Random& random) {
  const auto poller = HAWSER_TRY(Poller::create(clock));
  Dial::Target target;
  for (const Address& each : id.addresses) target.addresses.push_back(each);
  target.hello = {.from = {random.next(), random.next()}, .to = {}, .purpose = Purpose::rendezvous, .detail = 0};
  target.key = derive_key(id.secret, config.secret, "rendezvous");
  target.deadline_ns = deadline_ns;
  std::optional<Status> answer;
  const auto dial =
      Dial::start(*poller, clock, random, std::move(target), [&](Result<Arrival> arrival) { answer = std::move(arrival).status(); });
  while (!answer) HAWSER_TRY(poller->run_once(-1));
  return std::move(*answer);
}

}  // namespace store

namespace {

using namespace store;

constexpr uint64_t kProbeNs = 1'000'000'000;
constexpr int kFirstPauseMs = 2, kLastPauseMs = 200;

// Whether what lies at the path may be replaced: nothing, or what a dead job left.
Result<bool> must_replace(const std::string& path, const Config& config, uint64_t deadline_ns, const Clock& clock, Random& random) {
  const auto content = HAWSER_TRY(read_small_file(path));
  if (!content) return false;
  const UniqueId id = HAWSER_TRY(parse_content(path, *content).during("rank 0 does not overwrite it"));
  const Status answer = probe(id, config, std::min(deadline_ns, clock.now_ns() + kProbeNs), clock, random);
  if (answer.ok() || answer.code() == Code::refused)
    return Status(Code::usage, "the file " + path + " belongs to a job that is just meeting; choose another");
  log(LogLevel::info, "the file " + path + " was left by a job that no longer runs and is replaced");
  return true;
}

Result<UniqueId> publish_root(const std::string& path, const Config& config, uint64_t deadline_ns, const Clock& clock, Random& random,
                              std::unique_ptr<Root>* root) {
  const bool replace = HAWSER_TRY(must_replace(path, config, deadline_ns, clock, random));
  std::array<std::byte, 16> secret;
  random.fill(secret);
  auto started = HAWSER_TRY(Root::start(config, secret, {}, clock));
  const std::string content = content_of(started->id());
  started->remove_when_met(path, content);
  Status published = publish(path, content, replace, random);
  if (!published.ok()) {
    started->stop();
    return published;
  }
  *root = std::move(started);
  return (*root)->id();
}

Result<UniqueId> await_file(const std::string& path, int rank, const Config& config, uint64_t deadline_ns, const Clock& clock,
                            Random& random) {
  std::string refused_content, waited_for = "rank 0 has not written the file " + path;
  for (int pause_ms = kFirstPauseMs; clock.now_ns() < deadline_ns; pause_ms = std::min(2 * pause_ms, kLastPauseMs)) {
    const auto content = HAWSER_TRY(read_small_file(path));
    if (content) {
      const UniqueId id = HAWSER_TRY(parse_content(path, *content));
      Status answer = probe(id, config, std::min(deadline_ns, clock.now_ns() + kProbeNs / 2), clock, random);
      if (answer.ok()) return id;
      const bool again = answer.code() == Code::refused && *content == refused_content;
      if (again)
        return std::move(answer).during("who answers for the file " + path + " refuses rank " + std::to_string(rank) +
                                        "; is the setting secret (HAWSER_SECRET) the same on every rank?");
      if (answer.code() == Code::refused) refused_content = *content;
      waited_for = "the file " + path + " was left by a job that no longer runs, and rank 0 of this one has not replaced it";
    }
    ::poll(nullptr, 0, pause_ms);
  }
  return Status(Code::timeout, "rank " + std::to_string(rank) + " waited in vain: " + waited_for);
}

}  // namespace

Result<UniqueId> meet_by_file(const std::string& path, int rank, const Config& config, uint64_t deadline_ns, const Clock& clock,
                              Random& random, std::unique_ptr<Root>* root) {
  if (path.empty()) return Status(Code::invalid, "the path of the file through which ranks meet is empty");
  if (rank == 0) return publish_root(path, config, deadline_ns, clock, random, root);
  return await_file(path, rank, config, deadline_ns, clock, random);
}

}  // namespace hawser
