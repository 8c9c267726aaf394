// The twenty vectors of the line protocol, with the clock at kNow and the caller skotos().
#pragma once

#include <string>
#include <vector>

namespace tokensvc {

struct Vector {
  std::string number, bytes;
  std::vector<std::string> replies;  ///< without LF NUL; a token is T
  std::vector<std::string> claims;   ///< what the payload of each T has in it, in turn
  bool closed = false;
};

inline std::string good(const std::string& seq, const std::string& expires = "1700000600") {
  const std::string echoed = seq.empty() ? "" : ",\"seq\":" + seq;
  return R"({"success":true,"message":"OK","token":"T","time":1700000000)" + echoed + ",\"exp\":" + expires + '}';
}

inline std::string bad(const std::string& code, const std::string& message, const std::string& seq) {
  const std::string echoed = seq.empty() ? "" : ",\"seq\":" + seq;
  return R"({"success":false,"message":")" + message + R"(","token":"","time":1700000000)" + echoed + R"(,"code":")" +
         code + "\"}";
}

inline const std::string kNul(1, '\0');

inline std::string asking(const std::string& members) {
  return R"({"displayName":"Z","channel":"c",)" + members + '}' + kNul;
}

inline std::vector<Vector> vectors() {
  using namespace std::string_literals;
  const std::string not_json = "the request is not JSON", no_object = "the request must be a JSON object",
                    for_range = "validFor must be 1 to 86400",
                    until_range = "validUntil must be in the next 86400 seconds";
  return {
      {"1",
       R"({ "cmd": "jwt_token", "displayName": "Zelda", "channel": "jitsi_chat_default", "moderator": false, )"
       R"("validFor": 600, "seq": 0 })" +
           kNul,
       {good("0")},
       {R"({"aud":"jitsi","iss":"skotos","sub":"meet.example.test","room":"jitsi_chat_default","iat":1700000000,)"
        R"("nbf":1699999990,"exp":1700000600,"moderator":false,"context":{"user":{"id":"zelda","name":"Zelda",)"
        R"("affiliation":"member","moderator":false}}})"}},
      {"2",
       asking(R"("moderator":true,"validUntil":1700003600,"email":"a@b.test","avatar":"https://x.test/y.png","seq":7)"),
       {good("7", "1700003600")},
       {R"("exp":1700003600,"moderator":true,"context":{"user":{"id":"z","name":"Z","email":"a@b.test",)"
        R"("avatar":"https://x.test/y.png","affiliation":"owner","moderator":true}}})"}},
      {"3", R"({"displayName":"Z","channel":"c","seq":1})"s + '\n', {good("1")}, {R"("exp":1700000600)"}},
      {"3 CR LF", R"({"displayName":"Z","channel":"c","seq":1})"s + "\r\n", {good("1")}, {R"("exp":1700000600)"}},
      {"4", R"({"displayName":"Z","channel":"c","seq":1})"s + '\n' + kNul, {good("1")}, {}},
      {"5",
       R"({"displayName":"a","channel":"c","seq":1})" + kNul + R"({"displayName":"b","channel":"c","seq":2})" + kNul,
       {good("1"), good("2")},
       {R"("name":"a")", R"("name":"b")"}},
      {"6",
       "{\"displayName\":\"\xc3\xa9\",\"channel\":\"c\",\"seq\":4}" + kNul,
       {good("4")},
       {"\"name\":\"\xc3\xa9\""}},
      {"7",
       R"({ "cmd": "jwt_token", "displayName": "a"b", "channel": "c", "moderator": false, "validFor": 600, "seq": 12 })" +
           kNul + asking(R"("seq":13)"),
       {bad("bad_json", not_json, "12"), good("13")},
       {}},
      {"8", "hello" + kNul, {bad("bad_json", not_json, "")}, {}},
      {"9 null", "null" + kNul, {bad("bad_request", no_object, "")}, {}},
      {"9 list", "[]" + kNul, {bad("bad_request", no_object, "")}, {}},
      {"9 text", R"("x")" + kNul, {bad("bad_request", no_object, "")}, {}},
      {"10 name", R"({"channel":"c","seq":3})" + kNul, {bad("missing_field", "displayName is missing", "3")}, {}},
      {"10 room", R"({"displayName":"Z","seq":3})" + kNul, {bad("missing_field", "channel is missing", "3")}, {}},
      {"11",
       R"({"cmd":"drop_tables","displayName":"Z","channel":"c","seq":9})" + kNul,
       {bad("unknown_cmd", "unknown cmd; there are jwt_token and ping", "9")},
       {}},
      {"12", asking(R"("validUntil":"soon","seq":1)"), {bad("bad_field", "validUntil must be an integer", "1")}, {}},
      {"12 digits", asking(R"("validFor":"60","seq":1)"), {good("1", "1700000060")}, {R"("exp":1700000060)"}},
      {"13",
       asking(R"("validFor":60,"validUntil":1700003600,"seq":1)"),
       {bad("bad_request", "validFor and validUntil are mutually exclusive", "1")},
       {}},
      {"14 zero", asking(R"("validFor":0,"seq":1)"), {bad("bad_field", for_range, "1")}, {}},
      {"14 negative", asking(R"("validFor":-5,"seq":1)"), {bad("bad_field", for_range, "1")}, {}},
      {"14 too long", asking(R"("validFor":86401,"seq":1)"), {bad("bad_field", for_range, "1")}, {}},
      {"14 longest", asking(R"("validFor":86400,"seq":1)"), {good("1", "1700086400")}, {}},
      {"14 fraction", asking(R"("validFor":1.5,"seq":1)"), {bad("bad_field", "validFor must be an integer", "1")}, {}},
      {"14 now", asking(R"("validUntil":1700000000,"seq":1)"), {bad("bad_field", until_range, "1")}, {}},
      {"14 past", asking(R"("validUntil":1699999999,"seq":1)"), {bad("bad_field", until_range, "1")}, {}},
      {"14 next second", asking(R"("validUntil":1700000001,"seq":1)"), {good("1", "1700000001")}, {}},
      {"15", asking(R"("moderator":"yes","seq":1)"), {bad("bad_field", "moderator must be true or false", "1")}, {}},
      {"16",
       R"({"displayName":"Z","channel":"*","seq":1})" + kNul,
       {bad("forbidden", "this caller may not ask for more than one room", "1")},
       {}},
      {"17", std::string(16385, 'x'), {bad("too_large", "a request has 16384 bytes at most", "")}, {}, true},
      {"17 one byte less", std::string(16384, 'x'), {}, {}},
      {"18",
       R"({"cmd":"ping","seq":"abc"})" + kNul,
       {R"({"success":true,"message":"pong","token":"","time":1700000000,"seq":"abc"})"},
       {}},
      {"19", R"({"displayName":"Z","channel":"c"})" + kNul, {good("")}, {}},
      {"20", kNul + '\n' + kNul + '\n', {}, {}},
      {"20 blanks", " \t\r\n " + kNul, {}, {}},
  };
}

}  // namespace tokensvc
