/* One libstrophe client: logs in, does what its arguments say, and prints what happens, a line each.
 *
 *   with_libstrophe JID PASSWORD PORT starttls|direct
 *
 * Commands on standard input: "subscribe JID", "approve JID", "say JID TEXT", "quit". */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>
#include <unistd.h>

static xmpp_ctx_t *ctx;
static char input[4096];
static size_t held;

static void send_presence(xmpp_conn_t *conn, const char *type, const char *to) {
  xmpp_stanza_t *presence = xmpp_presence_new(ctx);
  if (type) xmpp_stanza_set_type(presence, type);
  if (to) xmpp_stanza_set_to(presence, to);
  xmpp_send(conn, presence);
  xmpp_stanza_release(presence);
}

static void say(xmpp_conn_t *conn, const char *to, const char *text) {
  xmpp_stanza_t *message = xmpp_message_new(ctx, "chat", to, "said");
  xmpp_message_set_body(message, text);
  xmpp_send(conn, message);
  xmpp_stanza_release(message);
}

static int on_message(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *data) {
  (void)conn, (void)data;
  char *body = xmpp_message_get_body(stanza);
  const char *delayed = xmpp_stanza_get_child_by_ns(stanza, "urn:xmpp:delay") ? "delayed " : "";
  if (body) printf("%smessage %s: %s\n", delayed, xmpp_stanza_get_from(stanza), body);
  if (body) xmpp_free(ctx, body);
  return 1;
}

static int on_presence(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *data) {
  (void)conn, (void)data;
  const char *type = xmpp_stanza_get_type(stanza);
  printf("presence %s %s\n", type ? type : "available", xmpp_stanza_get_from(stanza));
  return 1;
}

static void obey(xmpp_conn_t *conn, char *line) {
  char *verb = strtok(line, " "), *whom = strtok(NULL, " "), *text = strtok(NULL, "");
  if (!verb) return;
  if (!strcmp(verb, "subscribe") && whom) send_presence(conn, "subscribe", whom);
  if (!strcmp(verb, "approve") && whom) send_presence(conn, "subscribed", whom);
  if (!strcmp(verb, "say") && whom && text) say(conn, whom, text);
  if (!strcmp(verb, "quit")) xmpp_disconnect(conn);
}

static int read_commands(xmpp_conn_t *conn, void *data) {
  (void)data;
  ssize_t got = read(STDIN_FILENO, input + held, sizeof input - held - 1);
  if (got == 0) xmpp_disconnect(conn);
  if (got <= 0) return 1;
  held += (size_t)got;
  input[held] = '\0';
  char *end;
  while ((end = strchr(input, '\n'))) {
    *end = '\0';
    obey(conn, input);
    held -= (size_t)(end + 1 - input);
    memmove(input, end + 1, held + 1);
  }
  return 1;
}

static void on_connection(xmpp_conn_t *conn, xmpp_conn_event_t event, int error, xmpp_stream_error_t *stream_error,
                          void *data) {
  (void)data;
  if (event != XMPP_CONN_CONNECT) {
    printf("disconnected %d %s\n", error, stream_error && stream_error->text ? stream_error->text : "");
    xmpp_stop(ctx);
    return;
  }
  xmpp_handler_add(conn, on_message, NULL, "message", NULL, NULL);
  xmpp_handler_add(conn, on_presence, NULL, "presence", NULL, NULL);
  xmpp_timed_handler_add(conn, read_commands, 10, NULL);
  send_presence(conn, NULL, NULL);
  printf("connected %s\n", xmpp_conn_is_secured(conn) ? "secured" : "in plain");
}

int main(int count, char **arguments) {
  if (count != 5) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  xmpp_initialize();
  ctx = xmpp_ctx_new(NULL, xmpp_get_default_logger(getenv("VERBOSE") ? XMPP_LEVEL_DEBUG : XMPP_LEVEL_ERROR));
  xmpp_conn_t *conn = xmpp_conn_new(ctx);
  xmpp_conn_set_jid(conn, arguments[1]);
  xmpp_conn_set_pass(conn, arguments[2]);
  xmpp_conn_set_flags(conn, XMPP_CONN_FLAG_TRUST_TLS | (strcmp(arguments[4], "direct") ? XMPP_CONN_FLAG_MANDATORY_TLS
                                                                                     : XMPP_CONN_FLAG_LEGACY_SSL));
  if (xmpp_connect_client(conn, "127.0.0.1", (unsigned short)atoi(arguments[3]), on_connection, NULL) != XMPP_EOK) {
    return 1;
  }
  xmpp_run(ctx);
  xmpp_conn_release(conn);
  xmpp_ctx_free(ctx);
  xmpp_shutdown();
  return 0;
}
