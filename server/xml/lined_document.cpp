#include "xml/lined_document.h"

#include <expat.h>

#include <memory>
#include <utility>
#include <vector>

namespace xml {
namespace {

constexpr char kSeparator = '\x01';  // cannot occur in XML, so it cannot be forged
constexpr unsigned kMaxDepth = 32;

std::pair<std::string_view, std::string_view> split(std::string_view joined) {
  const std::size_t at = joined.rfind(kSeparator);
  if (at == std::string_view::npos) return {{}, joined};
  return {joined.substr(0, at), joined.substr(at + 1)};
}

}  // namespace

class LinedParser {
 public:
  LinedParser() : parser_(XML_ParserCreateNS("UTF-8", kSeparator), &XML_ParserFree) {
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(
        parser_.get(), [](void* self, const char* name, const char** attrs) { as(self).start(name, attrs); },
        [](void* self, const char*) { as(self).end(); });
    XML_SetCharacterDataHandler(parser_.get(), [](void* self, const char* text, int size) {
      as(self).open_->add_text({text, static_cast<std::size_t>(size)});
    });
    XML_SetProcessingInstructionHandler(parser_.get(), [](void* self, const char*, const char*) {
      as(self).refuse("processing instructions are not allowed; remove it");
    });
    XML_SetStartDoctypeDeclHandler(parser_.get(), [](void* self, const char*, const char*, const char*, int) {
      as(self).refuse("a DOCTYPE is not allowed; remove it");
    });
  }

  base::Result<LinedDocument> run(std::string_view text) {
    const XML_Status status = XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
    if (!refused_.empty()) return base::failure(at_line() + refused_);
    if (status != XML_STATUS_OK) return base::failure(at_line() + XML_ErrorString(XML_GetErrorCode(parser_.get())));
    return std::move(result_);
  }

 private:
  static LinedParser& as(void* self) { return *static_cast<LinedParser*>(self); }
  unsigned current_line() const { return static_cast<unsigned>(XML_GetCurrentLineNumber(parser_.get())); }
  std::string at_line() const { return std::to_string(refused_.empty() ? current_line() : refused_line_) + ": "; }

  void refuse(const char* why) {
    refused_ = why;
    refused_line_ = current_line();
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void start(const char* joined, const char** attributes) {
    if (++depth_ > kMaxDepth) return refuse("elements are nested too deep");
    const auto [ns, name] = split(joined);
    if (open_ == nullptr) {
      result_.document_ = Document(ns, name);
      open_ = &result_.document_.root();
    } else {
      open_ = &open_->add(name, ns);
      parents_.push_back(open_);
    }
    result_.lines_.emplace(open_, current_line());
    for (; *attributes != nullptr; attributes += 2) {
      const auto [attr_ns, attr_name] = split(attributes[0]);
      open_->set_attr(attr_name, attributes[1], attr_ns);
    }
  }

  void end() {
    --depth_;
    if (parents_.empty()) return;
    parents_.pop_back();
    open_ = parents_.empty() ? &result_.document_.root() : parents_.back();
  }

  std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
  LinedDocument result_;
  Element* open_ = nullptr;
  std::vector<Element*> parents_;  // open elements below the root
  unsigned depth_ = 0;
  std::string refused_;
  unsigned refused_line_ = 0;
};

base::Result<LinedDocument> LinedDocument::parse(std::string_view text) {
  if (text.size() > 4 * 1024 * 1024) return base::failure("1: the file is larger than 4 MiB");
  return LinedParser().run(text);
}

unsigned LinedDocument::line(const Element& element) const {
  const auto found = lines_.find(&element);
  return found == lines_.end() ? 0 : found->second;
}

}  // namespace xml
