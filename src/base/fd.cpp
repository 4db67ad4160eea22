// Closing is the one effect of an Fd.
#include "src/base/fd.h"

#include <unistd.h>

namespace hawser {

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace hawser
