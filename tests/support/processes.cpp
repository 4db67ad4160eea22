// Forking, one pipe a child, and deadlines.
#include "tests/support/processes.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

namespace hawser::test {
namespace {

using Clock = std::chrono::steady_clock;

int left_ms(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

}  // namespace

Processes::Processes(int n, const Body& body) : children_(static_cast<size_t>(n)) {
  for (int rank = 0; rank < n; ++rank) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) continue;
    const pid_t pid = ::fork();
    if (pid == 0) {
      const std::string line = body(rank) + "\n";
      const ssize_t written = ::write(ends[1], line.data(), line.size());
      ::_exit(written == static_cast<ssize_t>(line.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    children_[static_cast<size_t>(rank)] = {pid, ends[0], false, {}};
  }
}

Processes::~Processes() {
  for (Child& child : children_) {
    if (child.pid > 0 && !child.reaped) {
      ::kill(child.pid, SIGKILL);
      ::waitpid(child.pid, nullptr, 0);
    }
    ::close(child.pipe);
  }
}

void Processes::kill(int rank) { ::kill(children_[static_cast<size_t>(rank)].pid, SIGKILL); }

std::string Processes::report(int rank, int ms) {
  Child& child = children_[static_cast<size_t>(rank)];
  const auto deadline = Clock::now() + std::chrono::milliseconds(ms);
  while (child.text.find('\n') == std::string::npos) {
    pollfd wanted{child.pipe, POLLIN, 0};
    if (::poll(&wanted, 1, left_ms(deadline)) <= 0) return {};
    char buffer[4096];
    const ssize_t got = ::read(child.pipe, buffer, sizeof buffer);
    if (got <= 0) return {};
    child.text.append(buffer, static_cast<size_t>(got));
  }
  return child.text.substr(0, child.text.find('\n'));
}

bool Processes::all_ended(int ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(ms);
  for (Child& child : children_)
    while (!child.reaped) {
      if (::waitpid(child.pid, nullptr, WNOHANG) == child.pid) child.reaped = true;
      else if (left_ms(deadline) == 0) return false;
      else ::usleep(1000);
    }
  return true;
}

}  // namespace hawser::test
