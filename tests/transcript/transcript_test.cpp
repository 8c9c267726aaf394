// Plays every file of tests/transcripts on every stage: one GoogleTest for each pair.
//   transcript_test --gtest_filter='exedra.*'        the real program over sockets
//   EXEDRA_PROSODY=1 transcript_test --gtest_filter='prosody.*'
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "transcript/exedra_stage.h"
#include "transcript/player.h"
#include "transcript/prosody_stage.h"
#include "transcript/sim_stage.h"

namespace transcript {
namespace {

using MakeStage = std::function<std::unique_ptr<Stage>()>;

class TranscriptTest : public testing::Test {
 public:
  TranscriptTest(std::filesystem::path file, MakeStage make) : file_(std::move(file)), make_(std::move(make)) {}

  void TestBody() override {
    std::ifstream file(file_);
    std::ostringstream text;
    text << file.rdbuf();
    try {
      const Script script = parse_script(text.str());
      const auto stage = make_();
      if (stage == nullptr) GTEST_SKIP() << "this server is not here";
      if (script.uses(Verb::clock) && !stage->has_clock()) GTEST_SKIP() << "it moves the clock";
      if (script.uses(Verb::server_dies) && !stage->can_die()) GTEST_SKIP() << "it kills the server";
      play(script, *stage);
      stage->finish();
    } catch (const Failure& failure) {
      GTEST_FAIL() << file_.string() << ": " << failure.what();
    }
  }

 private:
  std::filesystem::path file_;
  MakeStage make_;
};

void register_stage(const char* stage, const MakeStage& make) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(EXEDRA_SOURCE_DIR "/tests/transcripts")) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    testing::RegisterTest(stage, file.stem().c_str(), nullptr, nullptr, file.c_str(), 1,
                          [file, make]() -> testing::Test* { return new TranscriptTest(file, make); });
  }
}

}  // namespace
}  // namespace transcript

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  transcript::register_stage("sim1", [] { return transcript::sim_stage({.shards = 1}); });
  transcript::register_stage("sim4", [] { return transcript::sim_stage({.shards = 4}); });
  // SECURITY X09: split at every byte, the same comes out.
  transcript::register_stage("bytes", [] { return transcript::sim_stage({.shards = 2, .chunk = 1}); });
  transcript::register_stage("exedra", [] { return transcript::exedra_stage(EXEDRA_PROGRAMS); });
  if (std::getenv("EXEDRA_PROSODY") != nullptr) transcript::register_stage("prosody", &transcript::prosody_stage);
  return RUN_ALL_TESTS();
}
