/* The smallest whole program: ranks find each other by their environment and add up a vector.
 *
 *   HAWSER_RANKS=2 HAWSER_RANK=0 HAWSER_FILE=/tmp/meeting ./all_reduce & HAWSER_RANKS=2 HAWSER_RANK=1 HAWSER_FILE=/tmp/meeting ./all_reduce
 *   mpirun -n 4 ./all_reduce
 *   torchrun --nproc-per-node 4 --no-python ./all_reduce
 */
#include <hawser/hawser.h>
#include <stdio.h>

enum { COUNT = 1000 };

static int failed(const char* doing, hawser_status status) {
  if (status == HAWSER_OK) return 0;
  fprintf(stderr, "%s: %s: %s\n", doing, hawser_status_name(status), hawser_error_text());
  return 1;
}

int main(void) {
  const hawser_stream blocking = {0};
  float in[COUNT], out[COUNT];
  hawser_comm* comm = NULL;
  int rank, ranks, i, wrong = 0;

  if (failed("create", hawser_comm_create_from_environment(NULL, &comm))) return 1;
  rank = hawser_comm_rank(comm);
  ranks = hawser_comm_ranks(comm);
  for (i = 0; i < COUNT; ++i) in[i] = (float)(rank + i);

  if (failed("all_reduce", hawser_all_reduce(comm, in, out, COUNT, HAWSER_F32, HAWSER_SUM, blocking, NULL))) {
    hawser_comm_destroy(comm);
    return 1;
  }
  /* The sum over ranks of (rank + i). */
  for (i = 0; i < COUNT; ++i) wrong += out[i] != (float)(ranks * i + ranks * (ranks - 1) / 2);
  printf("rank %d of %d: %d elements, %d wrong\n", rank, ranks, COUNT, wrong);

  if (failed("destroy", hawser_comm_destroy(comm))) return 1;
  return wrong != 0;
}
