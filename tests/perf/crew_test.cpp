// Ranks that are started are seen to their end: failures are told, nobody is left behind.
#include "perf/hawser_perf/crew.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace hawser::perf {
namespace {

int run_shell(const std::string& script, int ranks) { return run_crew("/bin/sh", {"sh", "-c", script}, ranks); }

void expect_no_children() {
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

// In a process of its own, so that signals sent to the crew do not end the test.
int in_child(int (*body)()) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body());
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Crew, GivesEveryRankItsNumberAndAMeetingPlace) {
  EXPECT_EQ(in_child([] { return run_shell("test $HAWSER_RANKS = 3 && test $HAWSER_RANK -lt 3 && test -d $(dirname $HAWSER_FILE)", 3); }),
            0);
}

TEST(Crew, FailsWhenOneRankFails) {
  EXPECT_EQ(in_child([] { return run_shell("exit $HAWSER_RANK", 2); }), 1);
}

TEST(Crew, ReportsARankThatWasKilled) {
  EXPECT_EQ(in_child([] {
              ::testing::internal::CaptureStderr();
              const int status = run_shell("if [ $HAWSER_RANK = 1 ]; then kill -9 $$; fi", 2);
              const std::string said = ::testing::internal::GetCapturedStderr();
              return status == 1 && said.find("rank 1") != std::string::npos && said.find("signal 9") != std::string::npos ? 0 : 1;
            }),
            0);
}

TEST(Crew, DiesAsAWholeWhenItIsInterrupted) {
  EXPECT_EQ(in_child([] {
              if (fork() == 0) {
                usleep(200'000);
                kill(getppid(), SIGINT);
                _exit(0);
              }
              return run_shell("exec sleep 30", 3);
            }),
            128 + SIGINT);
  expect_no_children();
}

}  // namespace
}  // namespace hawser::perf
