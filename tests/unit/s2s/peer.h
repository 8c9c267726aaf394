// A remote server on virtual time that takes stanzas, loses links and comes back.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "s2s/link.h"
#include "sim/sim_loop.h"

namespace s2s_test {

using Texts = std::vector<std::string>;

/// The remote server. Streams by number; what is under way on one is lost with it, what arrived is counted.
class Peer final : public s2s::LinkMaker {
 public:
  explicit Peer(sim::World& world) : world_(world) {}
  std::unique_ptr<s2s::Link> dial(const std::string& local, const std::string& remote, const std::string& resume,
                                  s2s::LinkOwner& owner) override;

  /// A stream that this server opened.
  std::unique_ptr<s2s::Link> opened(s2s::LinkOwner& owner);
  /// The links that there are lose their connection.
  void cut();
  /// Tells them that it reads again.
  void make_writable();
  std::size_t open() const { return links_.size(); }

  s2s::Failure failure = {};                    ///< with a text: nobody can be dialled
  std::map<std::string, s2s::Failure> refused;  ///< local domains it won't take
  bool managed = true;                          ///< XEP-0198
  bool resumes = true;
  bool multiplexes = true;
  bool reads = true;
  base::Duration slowest{0};  ///< of each step
  Texts got;                  ///< ids in the order of arrival
  int dialled = 0, resumed = 0;

 private:
  friend class PeerLink;
  struct Stream {
    std::uint32_t arrived = 0, told = 0;
  };

  sim::World& world_;
  std::map<std::string, Stream> streams_;
  std::vector<class PeerLink*> links_;
  int next_stream_ = 1;
};

class PeerLink final : public s2s::Link {
 public:
  PeerLink(Peer& peer, s2s::LinkOwner& owner, std::string stream)
      : peer_(peer), owner_(owner), stream_(std::move(stream)) {
    peer_.links_.push_back(this);
  }
  ~PeerLink() override {
    *alive_ = false;
    std::erase(peer_.links_, this);
  }

  bool multiplexes() const override { return peer_.multiplexes; }
  void authorise(const std::string& local) override {
    later([this, local] {
      const auto refused = peer_.refused.find(local);
      if (refused == peer_.refused.end()) return owner_.link_authorised(*this, local);
      owner_.link_refused(*this, local, refused->second);
    });
  }
  bool writable() const override { return !lost_ && peer_.reads; }
  void send(const xmpp::StanzaRef& stanza, const xmpp::Jid&, const xmpp::Jid&) override {
    EXPECT_TRUE(writable());
    later([this, id = std::string(stanza->id())] {
      auto& stream = peer_.streams_[stream_];
      peer_.got.push_back(id);
      ++stream.arrived;
      later([this] { acknowledge(); });
    });
    if (!peer_.managed) later_now([this] { owner_.link_done(*this, 1); });
  }
  void close() override { lose("closed"); }
  void lose(const std::string& why) {
    if (std::exchange(lost_, true)) return;
    *alive_ = false;
    alive_ = std::make_shared<bool>(true);
    const bool can = peer_.managed && peer_.resumes && opened_;
    later_now([this, why, can] { owner_.link_lost(*this, {.text = why}, can ? stream_ : std::string()); });
  }
  void begin(const std::string& local, const std::string& resume) {
    later([this, local, resume] {
      if (!peer_.failure.text.empty()) {
        lost_ = true;
        return owner_.link_lost(*this, peer_.failure, {});
      }
      opened_ = true;
      std::optional<std::uint32_t> resumed;
      if (!resume.empty() && peer_.resumes) {
        stream_ = resume;
        auto& stream = peer_.streams_[stream_];
        resumed = stream.arrived - std::exchange(stream.told, stream.arrived);
        ++peer_.resumed;
      }
      owner_.link_open(*this, resumed);
      authorise(local);
    });
  }
  void writable_again() {
    later([this] { owner_.link_writable(*this); });
  }

 private:
  sim::SimLoop& loop() { return peer_.world_.loop(); }
  void acknowledge() {
    auto& stream = peer_.streams_[stream_];
    if (!peer_.managed || stream.told == stream.arrived) return;
    owner_.link_done(*this, stream.arrived - std::exchange(stream.told, stream.arrived));
  }
  /// In order, each some time after the one before.
  void later(base::Fn<void()> job) {
    const auto takes =
        base::Duration(static_cast<std::int64_t>(peer_.world_.draw(static_cast<std::uint64_t>(peer_.slowest.count()))));
    next_ = std::max(next_, loop().now()) + takes;
    loop().after(next_ - loop().now(), [alive = alive_, run = std::move(job)]() mutable {
      if (*alive) run();
    });
  }
  void later_now(base::Fn<void()> job) {
    loop().post([alive = alive_, run = std::move(job)]() mutable {
      if (*alive) run();
    });
  }

  Peer& peer_;
  s2s::LinkOwner& owner_;
  std::string stream_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  base::MonoTime next_{};
  bool opened_ = false, lost_ = false;
};

inline std::unique_ptr<s2s::Link> Peer::dial(const std::string& local, const std::string&, const std::string& resume,
                                             s2s::LinkOwner& owner) {
  ++dialled;
  auto link = std::make_unique<PeerLink>(*this, owner, "stream" + std::to_string(next_stream_++));
  link->begin(local, resume);
  return link;
}

inline std::unique_ptr<s2s::Link> Peer::opened(s2s::LinkOwner& owner) {
  return std::make_unique<PeerLink>(*this, owner, "stream" + std::to_string(next_stream_++));
}

inline void Peer::make_writable() {
  for (PeerLink* link : links_) link->writable_again();
}

inline void Peer::cut() {
  for (PeerLink* link : std::vector(links_)) link->lose("the connection was cut");
}

}  // namespace s2s_test
