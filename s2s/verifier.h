// Asks a remote domain's authoritative server about one dialback key, over a stream of its own (XEP-0220 2.3).
#pragma once

#include <cstdint>

#include "s2s/dialled.h"

namespace s2s {

/// Belongs to its Service.
class Verifier final : public Dialled {
 public:
  Verifier(Service& service, std::uint64_t asker, Question question);

 private:
  void established(const Established&) override {}
  void pair_accepted(const DomainPair&) override {}
  void pair_refused(const DomainPair&, const Verdict&) override {}
  void answered(const Question& question, const Verdict& verdict) override;
  void on_ack(std::uint32_t) override {}
  void over(const Failure& why) override;
  void tell(const Verdict& verdict);

  const std::uint64_t asker_;
  const Question question_;
  bool told_ = false;
  base::Timer patience_;
};

}  // namespace s2s
