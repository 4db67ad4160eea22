/* What a C99 user does first: one rank alone, one all-reduce, and an error that tells its story. */
#include <hawser/hawser.h>
#include <stdio.h>
#include <string.h>

static int fail(const char* what, hawser_status status) {
  fprintf(stderr, "%s: %s: %s\n", what, hawser_status_name(status), hawser_error_text());
  return 1;
}

int main(void) {
  const hawser_stream blocking = {0};
  const float in[3] = {1, 2, 3};
  float out[3] = {0, 0, 0};
  hawser_id id;
  hawser_comm* comm = NULL;
  hawser_status status;

  if (hawser_version() != HAWSER_VERSION_MAJOR * 10000 + HAWSER_VERSION_MINOR * 100 + HAWSER_VERSION_PATCH) return fail("version", 0);
  if ((status = hawser_id_create(&id)) != HAWSER_OK) return fail("id", status);
  if ((status = hawser_comm_create(&id, 1, 0, NULL, &comm)) != HAWSER_OK) return fail("create", status);
  status = hawser_all_reduce(comm, in, out, 3, HAWSER_F32, HAWSER_SUM, blocking, NULL);
  if (status != HAWSER_OK || memcmp(in, out, sizeof in) != 0) return fail("all_reduce", status);
  status = hawser_all_reduce(comm, NULL, out, 3, HAWSER_F32, HAWSER_SUM, blocking, NULL);
  if (status != HAWSER_INVALID || !*hawser_error_text()) return fail("a missing buffer must be an error with a text", status);
  if ((status = hawser_comm_destroy(comm)) != HAWSER_OK) return fail("destroy", status);
  puts("consumer: fine");
  return 0;
}
