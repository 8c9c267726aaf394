#include "net/unbound_dns.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "net/dns_records.h"

namespace net {
namespace {

constexpr int kA = 1, kAaaa = 28, kSrv = 33, kTlsa = 52;

/// What needs no question, in a later step.
class Known final : public Dns::Call {
 public:
  Known(base::Loop& loop, base::Fn<void()> say) : say_(std::move(say)) {
    timer_ = base::Timer(loop, base::Duration::zero(), [this] { std::exchange(say_, nullptr)(); });
  }

 private:
  base::Fn<void()> say_;
  base::Timer timer_;
};

template <class Record>
std::unique_ptr<Dns::Call> known(base::Loop& loop, DnsResult<Record> result, Dns::Done<Record> done) {
  auto kept = std::make_unique<DnsResult<Record>>(std::move(result));
  return std::make_unique<Known>(loop,
                                 [kept = std::move(kept), say = std::move(done)]() mutable { say(std::move(*kept)); });
}

std::unexpected<DnsFailure> failed(const std::string& name, const std::string& why,
                                   DnsFailure::Kind kind = DnsFailure::Kind::failed) {
  return std::unexpected(DnsFailure{kind, "finding " + name + ": " + why});
}

std::unexpected<DnsFailure> late(const std::string& name) {
  return failed(name, "no answer in time", DnsFailure::Kind::late);
}

std::unexpected<DnsFailure> failed(const std::string& name, const Unbound::Answer& answer) {
  return failed(name, answer.why, answer.bogus ? DnsFailure::Kind::bogus : DnsFailure::Kind::failed);
}

/// The records of one kind of a name.
template <class Record>
class Lookup final : public Dns::Call {
 public:
  using Read = std::optional<Record> (*)(std::string_view);

  Lookup(base::Loop& loop, Unbound& resolver, const std::string& name, int type, Read read, Dns::Done<Record> done)
      : resolver_(resolver), read_(read), done_(std::move(done)) {
    question_ = std::make_shared<Unbound::Question>(loop, name, type, [this](Unbound::Answer answer) { take(answer); });
    deadline_ = base::Timer(loop, resolver.options().deadline, [this] {
      give_up();
      finish(late(question_->name));
    });
    resolver.ask(question_);
  }
  ~Lookup() override { give_up(); }

 private:
  void give_up() {
    if (question_->done == nullptr) return;
    question_->done = nullptr;
    resolver_.forget(question_);
  }

  void take(const Unbound::Answer& answer) {
    if (!answer.known) return finish(failed(question_->name, answer));
    DnsAnswer<Record> records{{}, answer.secure};
    for (const std::string& data : answer.data)
      if (auto record = read_(data)) records.records.push_back(std::move(*record));
    finish(std::move(records));
  }

  void finish(DnsResult<Record> result) {
    deadline_.cancel();
    std::exchange(done_, nullptr)(std::move(result));  // may destroy us
  }

  Unbound& resolver_;
  Read read_;
  Dns::Done<Record> done_;
  Unbound::QuestionPtr question_;
  base::Timer deadline_;
};

/// Both families of a host. The first that has an address gives the other a little time.
class Addresses final : public Dns::Call {
 public:
  Addresses(base::Loop& loop, Unbound& resolver, const std::string& host, Dns::Done<std::string> done)
      : loop_(loop), host_(host), other_family_(resolver.options().other_family), done_(std::move(done)) {
    six_.call = ask(resolver, kAaaa, six_);
    four_.call = ask(resolver, kA, four_);
  }

 private:
  struct Family {
    std::unique_ptr<Dns::Call> call;
    std::optional<DnsResult<std::string>> result;
    bool has() const { return result && *result && !(*result)->records.empty(); }
    const std::vector<std::string>& records() const {
      static const std::vector<std::string> none;
      return has() ? (*result)->records : none;
    }
  };

  std::unique_ptr<Dns::Call> ask(Unbound& resolver, int type, Family& family) {
    return std::make_unique<Lookup<std::string>>(loop_, resolver, host_, type, &read_address,
                                                 [this, &family](DnsResult<std::string> result) {
                                                   family.result = std::move(result);
                                                   look();
                                                 });
  }

  void look() {
    if (done_ == nullptr) return;
    if (six_.result && four_.result) return finish();
    if (six_.has() || four_.has()) patience_ = base::Timer(loop_, other_family_, [this] { finish(); });
  }

  void finish() {
    patience_.cancel();
    if (!six_.has() && !four_.has()) return tell(nothing());
    DnsAnswer<std::string> both{in_turns(six_.records(), four_.records()), true};
    for (const Family* each : {&six_, &four_}) both.secure = both.secure && (!each->has() || (*each->result)->secure);
    tell(std::move(both));
  }

  /// Both have answered.
  DnsResult<std::string> nothing() {
    for (Family* each : {&six_, &four_})
      if (!*each->result) return std::move(*each->result);
    return DnsAnswer<std::string>{{}, (*six_.result)->secure && (*four_.result)->secure};
  }

  void tell(DnsResult<std::string> result) { std::exchange(done_, nullptr)(std::move(result)); }  // may destroy us

  base::Loop& loop_;
  std::string host_;
  base::Duration other_family_;
  Dns::Done<std::string> done_;
  Family six_, four_;
  base::Timer patience_;
};

template <class Record>
std::unique_ptr<Dns::Call> look_up(base::Loop& loop, Unbound& resolver, const std::string& name, int type,
                                   std::optional<Record> (*read)(std::string_view), Dns::Done<Record> done) {
  if (!is_dns_name(name)) return known<Record>(loop, failed(name, "no name that the DNS has"), std::move(done));
  return std::make_unique<Lookup<Record>>(loop, resolver, name, type, read, std::move(done));
}

}  // namespace

std::unique_ptr<Dns::Call> UnboundDns::srv(const std::string& name, Done<Srv> done) {
  return look_up<Srv>(loop_, resolver_, name, kSrv, &read_srv, std::move(done));
}

std::unique_ptr<Dns::Call> UnboundDns::tlsa(const std::string& name, Done<Tlsa> done) {
  return look_up<Tlsa>(loop_, resolver_, name, kTlsa, &read_tlsa, std::move(done));
}

std::unique_ptr<Dns::Call> UnboundDns::addresses(const std::string& host, Done<std::string> done) {
  const auto& forced = resolver_.options().hosts;
  if (const auto found = forced.find(host); found != forced.end())
    return known<std::string>(loop_, DnsAnswer<std::string>{found->second, false, true}, std::move(done));
  if (is_address(host)) return known<std::string>(loop_, DnsAnswer<std::string>{{host}, false}, std::move(done));
  if (!is_dns_name(host)) return known<std::string>(loop_, failed(host, "no name that the DNS has"), std::move(done));
  return std::make_unique<Addresses>(loop_, resolver_, host, std::move(done));
}

}  // namespace net
