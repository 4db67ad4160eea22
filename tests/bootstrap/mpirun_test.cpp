// Real processes of Open MPI's launcher meet through PMIx.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using ::testing::HasSubstr;

std::string output_of(const std::string& command, int* status) {
  std::string text;
  FILE* const pipe = ::popen(command.c_str(), "r");
  char part[4096];
  while (pipe && std::fgets(part, sizeof part, pipe)) text += part;
  *status = pipe ? ::pclose(pipe) : -1;
  return text;
}

TEST(OpenMpi, ItsRanksMeetThroughPmixTwice) {
  int status = 0;
  output_of("mpirun --version 2>/dev/null | grep 'Open MPI'", &status);
  if (status != 0) GTEST_SKIP() << "Open MPI's mpirun is not installed";
  const std::string root = ::geteuid() == 0 ? " --allow-run-as-root" : "";
  const std::string text = output_of("timeout 60 mpirun -n 3 --oversubscribe" + root + " " + HAWSER_MPIRUN_RANK + " 2>&1", &status);
  EXPECT_EQ(status, 0) << text;
  for (const std::string round : {"0", "1"})
    for (const std::string rank : {"0", "1", "2"}) EXPECT_THAT(text, HasSubstr("round " + round + " Open MPI rank " + rank + ": 0 1 2"));
}

}  // namespace
