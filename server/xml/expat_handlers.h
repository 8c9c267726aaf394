// Expat's callbacks as a C++ interface.
#pragma once

#include <string_view>

#include "xml/expat_parser.h"
#include "xml/stream_reader.h"

namespace xml {

/// What a parser reports, from within ExpatParser::parse. Names are "ns SEP name SEP prefix".
class ExpatEvents {
 public:
  virtual ~ExpatEvents() = default;
  virtual void on_start(const char* name, const char** attributes) = 0;
  virtual void on_end(const char* name) = 0;
  virtual void on_text(std::string_view text) = 0;
  /// A declaration of the start tag that follows; null for the default namespace, or for none.
  virtual void on_namespace(const char* prefix, const char* uri) = 0;
  virtual void on_encoding(const char* encoding) = 0;
  /// A CDATA section begins.
  virtual void on_cdata() = 0;
  /// A comment, a processing instruction, a DOCTYPE or an entity.
  virtual void on_restricted() = 0;
};

/// From now on `parser` reports to `events`.
void report_to(ExpatParser& parser, ExpatEvents& events);
Fault fault_of(XML_Error error);
/// True for "UTF-8" in any case.
bool names_utf8(std::string_view encoding);

}  // namespace xml
