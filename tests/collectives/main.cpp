// --golden-write rewrites the files in tests/golden instead of comparing with them.
#include <gtest/gtest.h>

#include <string_view>

#include "tests/collectives/golden.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]) == "--golden-write") hawser::golden_write = true;
  return RUN_ALL_TESTS();
}
