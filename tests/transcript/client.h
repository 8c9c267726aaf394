// One role's client: sends bytes, reads elements, knows how to log in. It judges nothing beyond that.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "transcript/script.h"
#include "transcript/stage.h"
#include "xml/stream_reader.h"

namespace transcript {

/// The password of every account in every transcript.
inline constexpr std::string_view kPassword = "wherefore";

class Client final : xml::StreamSink {
 public:
  Client(Stage& stage, const Role& role);

  void connect();
  void open();
  void log_in();
  void bind();
  void go_available();
  /// Ends the stream and awaits that the server does; what comes meanwhile is nobody's business.
  void close();
  void cut();
  /// Awaits the end of stream and connection, and nothing before it.
  void await_end();

  /// A stream header among the bytes starts the reading anew.
  void send(std::string_view bytes);
  /// Is there, or does there come, an element at position `index` of what was not taken yet?
  const xml::Element* peek(std::size_t index);
  xml::Document take(std::size_t index);
  /// A round trip: what the server had for this client before, arrived.
  void barrier();
  /// The same by way of another address, refused or not: what the two sent each other before, arrived too, whichever
  /// shards they live on.
  void barrier(const std::string& to);
  /// What arrived and was not taken, as XML; for messages.
  std::string waiting() const;
  void forget_waiting() { arrived_.clear(); }

  bool bound() const { return !jid_.empty() && wire_ != nullptr; }
  const std::string& jid() const { return jid_; }
  /// Stanzas taken since <enabled/> (XEP-0198).
  std::uint32_t handled() const { return handled_; }

 private:
  Next on_header(const xml::Element& header, std::string_view default_ns) override;
  Next on_element(xml::Document element) override;
  void on_end() override { stream_ended_ = true; }

  /// Reads once; false when nothing comes any more.
  bool read();
  void read_to_end();
  xml::Document await(std::string_view ns, std::string_view name);
  void count(const xml::Element& element);

  Stage& stage_;
  const Role& role_;
  std::unique_ptr<Wire> wire_;
  xml::ParserPool pool_;
  std::unique_ptr<xml::StreamReader> reader_;
  std::deque<xml::Document> arrived_;
  std::string jid_;
  std::uint32_t handled_ = 0;
  int pings_ = 0;
  bool stream_ended_ = false;
};

}  // namespace transcript
