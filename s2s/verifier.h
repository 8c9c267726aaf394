// Asks a remote domain's authoritative server about dialback keys, over a stream of its own (XEP-0220 2.3).
#pragma once

#include <cstdint>
#include <list>

#include "s2s/dialled.h"

namespace s2s {

/// Belongs to its Service. Lives on for a moment after its last answer, as keys come in swarms.
class Verifier final : public Dialled {
 public:
  Verifier(Service& service, std::uint64_t asker, const Question& question);
  /// Another of the same remote domain's; false if it is over or has too many.
  bool add(std::uint64_t asker, const Question& question);

 private:
  struct Pending {
    std::uint64_t asker;
    Question question;
    base::Timer patience;
  };

  void established(const Established&) override {}
  void pair_accepted(const DomainPair&) override {}
  void pair_refused(const DomainPair&, const Verdict&) override {}
  void answered(const Question& question, const Verdict& verdict) override;
  void on_ack(std::uint32_t) override {}
  void over(const Failure& why) override;
  void tell(std::list<Pending>::iterator each, const Verdict& verdict);
  void leave();

  std::list<Pending> pending_;
  base::Timer leave_;
};

}  // namespace s2s
