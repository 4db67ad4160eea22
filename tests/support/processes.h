// Ranks as processes of their own, forked before the library is touched, for tests in which they die.
#pragma once
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace hawser::test {

// Forks n children; each runs body(rank, report) and ends with what it reported as one line of text. The parent reads the lines and reaps.
class Processes {
 public:
  using Body = std::function<std::string(int rank)>;
  Processes(int n, const Body& body);
  ~Processes();         // kills and reaps what is left
  void kill(int rank);  // SIGKILL
  // The line of a rank, waiting at most ms; "" if it ended without one or the time is over.
  std::string report(int rank, int ms);
  bool all_ended(int ms);

 private:
  struct Child {
    pid_t pid = -1;
    int pipe = -1;
    bool reaped = false;
    std::string text;
  };
  std::vector<Child> children_;
};

}  // namespace hawser::test
