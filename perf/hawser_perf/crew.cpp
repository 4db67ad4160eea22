// Ranks as child processes: they die with us, and one that dies takes the others along after a moment.
#include "perf/hawser_perf/crew.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace hawser::perf {
namespace {

// Long enough for the others to notice by themselves, and to say what they know.
constexpr int kGraceSeconds = 10;

class Crew {
 public:
  Crew(const std::string& program, const std::vector<std::string>& arguments, int ranks)
      : program_(program), arguments_(arguments), pids_(static_cast<size_t>(ranks), -1) {}
  ~Crew() {
    kill_all(SIGKILL);
    while (living_ > 0) reap(0);
    if (!folder_.empty()) {
      unlink((folder_ + "/meet").c_str());
      rmdir(folder_.c_str());
    }
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  int run() {
    sigemptyset(&watched_);
    for (int number : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&watched_, number);
    sigprocmask(SIG_BLOCK, &watched_, &before_);
    const int status = start() ? watch() : 1;
    return status;
  }

 private:
  bool start() {
    char folder[] = "/tmp/hawser-perf-XXXXXX";
    if (mkdtemp(folder) == nullptr) {
      std::fprintf(stderr, "hawser-perf: cannot make a folder in /tmp: %s\n", std::strerror(errno));
      return false;
    }
    folder_ = folder;
    for (size_t rank = 0; rank < pids_.size(); ++rank) {
      const pid_t parent = getpid();
      const pid_t pid = fork();
      if (pid < 0) {
        std::fprintf(stderr, "hawser-perf: cannot start rank %zu: %s\n", rank, std::strerror(errno));
        return false;
      }
      if (pid == 0) become_rank(rank, parent);
      pids_[rank] = pid;
      ++living_;
    }
    return true;
  }

  [[noreturn]] void become_rank(size_t rank, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // it died before we asked
    sigprocmask(SIG_SETMASK, &before_, nullptr);
    for (const char* other : {"HAWSER_ID", "HAWSER_ROOT"}) unsetenv(other);
    setenv("HAWSER_FILE", (folder_ + "/meet").c_str(), 1);
    setenv("HAWSER_RANK", std::to_string(rank).c_str(), 1);
    setenv("HAWSER_RANKS", std::to_string(pids_.size()).c_str(), 1);
    std::vector<char*> words;
    for (const std::string& argument : arguments_) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    execv(program_.c_str(), words.data());
    std::fprintf(stderr, "hawser-perf: cannot start %s: %s\n", program_.c_str(), std::strerror(errno));
    _exit(127);
  }

  int watch() {
    while (living_ > 0) {
      const timespec half_second{0, 500'000'000};
      siginfo_t info{};
      const int number = sigtimedwait(&watched_, &info, &half_second);
      if (number == SIGINT || number == SIGTERM || number == SIGHUP) {
        std::fprintf(stderr, "hawser-perf: stopped by %s\n", strsignal(number));
        return 128 + number;  // the destructor kills and reaps
      }
      reap(WNOHANG);
      if (failed_at_ != 0 && std::time(nullptr) - failed_at_ > kGraceSeconds) {
        std::fprintf(stderr, "hawser-perf: %d ranks did not end within %d s and are killed\n", living_, kGraceSeconds);
        return 1;
      }
    }
    return failed_at_ != 0 ? 1 : 0;
  }

  void reap(int flags) {
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, flags)) != 0;) {
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) {
        living_ = 0;
        return;
      }
      --living_;
      for (size_t rank = 0; rank < pids_.size(); ++rank) {
        if (pids_[rank] == pid) ended(rank, status);
      }
      if (living_ == 0) return;
    }
  }

  void ended(size_t rank, int status) {
    const pid_t pid = pids_[rank];
    pids_[rank] = -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    if (killing_) return;
    if (failed_at_ == 0) failed_at_ = std::time(nullptr);
    const std::string how = WIFSIGNALED(status) ? fmt::format("was killed by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)))
                                                : fmt::format("ended with status {}", WEXITSTATUS(status));
    std::fprintf(stderr, "hawser-perf: rank %zu (process %d) %s\n", rank, pid, how.c_str());
  }

  void kill_all(int number) {
    killing_ = true;
    for (const pid_t pid : pids_) {
      if (pid > 0) kill(pid, number);
    }
  }

  const std::string& program_;
  const std::vector<std::string>& arguments_;
  std::vector<pid_t> pids_;  // by rank; -1: ended
  int living_ = 0;
  bool killing_ = false;
  std::time_t failed_at_ = 0;
  std::string folder_;
  sigset_t watched_{}, before_{};
};

}  // namespace

int run_crew(const std::string& program, const std::vector<std::string>& arguments, int ranks) {
  return Crew(program, arguments, ranks).run();
}

}  // namespace hawser::perf
