// pyroscope.fsdump in virtual time on a disk in memory that fills up, breaks and recovers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "archive/archive_file.h"
#include "async/testing/test_loop.h"
#include "component/relabel_schema.h"
#include "components/pyroscope/fsdump/arguments.h"
#include "components/pyroscope/fsdump/component.h"
#include "components/pyroscope/fsdump/dumper.h"
#include "fs/testing/fault_fs.h"
#include "fs/testing/memory_fs.h"
#include "syntax/evaluator.h"
#include "syntax/json.h"
#include "syntax/parser.h"

namespace invar::components::pyroscope_fsdump {
namespace {

using fs::testing::FaultFileSystem;
using fs::testing::MemoryFileSystem;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr const char* kPath = "/var/profiles";

class FsDumpTest : public ::testing::Test {
 protected:
  FsDumpTest() {
    sink_ = log::Sink::create([this](std::string_view line) { log_.emplace_back(line); },
                              [this] { return loop_.unix_ns(); });
    sink_->configure({});
  }

  component::Options options(const std::string& id = "pyroscope.fsdump.a") {
    component::Options out;
    out.id = id;
    out.logger = log::Logger(sink_);
    auto& scope = scopes_[id];
    if (!scope) scope = registry_->scope({{"component_id", id}});
    out.metrics = scope.get();
    out.loop = &loop_;
    out.disk_pool = &pool_;
    out.files = disk_;
    out.claims = &claims_;
    out.set_exports = [this, id](component::Boxed boxed) {
      receivers_[id] = boxed.as<component::ReceiverExports>().receiver;
    };
    return out;
  }
  static Arguments arguments() {
    Arguments out;
    out.target_directory = kPath;
    return out;
  }
  Result<std::unique_ptr<component::Component>> build(Arguments args,
                                                      const std::string& id = "pyroscope.fsdump.a") {
    return registration().build(options(id), component::Boxed::of(arguments_schema(), std::move(args)));
  }
  void start(const Arguments& args) {
    auto built = build(args);
    ASSERT_TRUE(built) << built.error().message;
    component_ = std::move(*built);
    component_->start();
    loop_.run_until_idle();
  }
  Result<> update(Arguments args) {
    auto result = component_->update(component::Boxed::of(arguments_schema(), std::move(args)));
    loop_.run_until_idle();
    return result;
  }
  static std::string gzipped(std::size_t size) {
    return std::string("\x1f\x8b\x08\0\0\0\0\0\0\0", 10) + std::string(size, 'x');
  }
  pipeline::Answer offer(Labels labels = Labels{{"__name__", "process_cpu"}, {"service_name", "api"}},
                         std::string body = gzipped(500)) {
    auto profile = std::make_shared<pipeline::Profile>();
    profile->labels = std::move(labels);
    profile->body = share(std::move(body));
    profile->taken_unix_ns = loop_.unix_ns();
    auto result = receivers_["pyroscope.fsdump.a"]->accept(profile);
    loop_.run_until_idle();
    return result;
  }
  std::vector<std::string> files(const std::string& dir = kPath) {
    std::vector<std::string> out;
    const auto names = memory_->list(dir).value();
    for (const std::string& name : names)
      if (archive::is_archive_name(name)) out.push_back(dir + "/" + name);
    std::ranges::sort(out);
    return out;
  }
  archive::Meta meta(const std::string& file) {
    return archive::decode_meta(memory_->read_file(file).value()).value();
  }
  // The value of a series of this component without further labels.
  double metric(const std::string& name) {
    const std::string text = registry_->collect(), key = name + "{component_id=\"pyroscope.fsdump.a\"} ";
    const std::size_t at = text.find("\n" + key);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + 1 + key.size()));
  }
  int logged(const std::string& part) const {
    return static_cast<int>(
        std::ranges::count_if(log_, [&](const auto& line) { return line.find(part) != std::string::npos; }));
  }

  async::testing::TestLoop loop_;
  component::Claims claims_{loop_};
  async::testing::InlineWorkerPool pool_{loop_};
  std::shared_ptr<MemoryFileSystem> memory_ = MemoryFileSystem::create();
  std::shared_ptr<FaultFileSystem> disk_ = FaultFileSystem::create(memory_);
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  std::map<std::string, std::unique_ptr<metrics::Scope>> scopes_;
  std::vector<std::string> log_;
  std::shared_ptr<log::Sink> sink_;
  std::map<std::string, pipeline::ReceiverPtr> receivers_;
  std::unique_ptr<component::Component> component_;
};

TEST_F(FsDumpTest, EveryProfileBecomesAFileWithItsLabels) {
  Arguments args = arguments();
  args.external_labels = {{"environment", "production"}, {"service_name", "overwritten"}};
  start(args);
  const Labels labels{{"__name__", "process_cpu"}, {"__meta_pod", "p"}, {"service_name", "api"}};
  const std::string body = gzipped(300);
  EXPECT_TRUE(offer(labels, body).accepted());
  ASSERT_EQ(files().size(), 1u);
  const archive::Meta stored = meta(files()[0]);
  EXPECT_EQ(stored.labels, (Labels{{"__name__", "process_cpu"},
                                   {"__meta_pod", "p"},
                                   {"environment", "production"},
                                   {"service_name", "overwritten"}}));
  EXPECT_EQ(stored.origin, "pyroscope.fsdump.a");
  EXPECT_EQ(stored.taken_unix_ns, loop_.unix_ns());
  const std::string file = memory_->read_file(files()[0]).value();
  EXPECT_EQ(archive::original_body(file).value(), body);
  EXPECT_EQ(metric("pyroscope_fsdump_profiles_received_total"), 1);
  EXPECT_EQ(metric("pyroscope_fsdump_profiles_written_total"), 1);
  EXPECT_EQ(metric("pyroscope_fsdump_bytes_written_total"), static_cast<double>(file.size()));
  EXPECT_EQ(metric("pyroscope_fsdump_current_size_bytes"), static_cast<double>(file.size()));
  EXPECT_EQ(metric("pyroscope_fsdump_write_errors_total"), 0);
  EXPECT_EQ(metric("pyroscope_fsdump_files_removed_total"), 0);
  EXPECT_THAT(
      registry_->collect(),
      HasSubstr(
          "pyroscope_ledger_sent_total{component_id=\"pyroscope.fsdump.a\",destination=\"/var/profiles\","
          "profile=\"process_cpu\"} 1\n"));
}

TEST_F(FsDumpTest, IngestBodiesKeepTheirCircumstances) {
  start(arguments());
  auto profile = std::make_shared<pipeline::Profile>();
  profile->labels = Labels{{"__name__", "app"}};
  profile->body = share("--b\r\njfr");
  profile->kind = pipeline::BodyKind::kIngest;
  profile->id = "sample";
  profile->ingest = std::make_shared<const pipeline::IngestInfo>(
      pipeline::IngestInfo{"/ingest", "name=app&format=jfr", {"multipart/form-data; boundary=b"}});
  EXPECT_TRUE(receivers_["pyroscope.fsdump.a"]->accept(profile).accepted());
  loop_.run_until_idle();
  ASSERT_EQ(files().size(), 1u);
  EXPECT_TRUE(files()[0].ends_with(".ingest.gz"));
  const archive::Meta stored = meta(files()[0]);
  EXPECT_EQ(stored.ingest_query, "name=app&format=jfr");
  EXPECT_EQ(stored.ingest_content_types, profile->ingest->content_types);
  EXPECT_EQ(stored.sample_id, "sample");
  EXPECT_EQ(archive::original_body(memory_->read_file(files()[0]).value()).value(), "--b\r\njfr");
}

TEST_F(FsDumpTest, RulesSeeLabelsBeforeTheExternalOnes) {
  Arguments args = arguments();
  args.external_labels = {{"env", "production"}};
  relabel::RuleConfig keep;
  keep.action = relabel::Action::kDrop;
  keep.source_labels = {"env"};
  keep.regex = "production";
  relabel::RuleConfig drop;
  drop.action = relabel::Action::kKeep;
  drop.source_labels = {"__name__", "service_name"};
  drop.regex = "process_cpu;(api|database|cache).*";
  args.rules = {keep, drop};
  start(args);
  EXPECT_TRUE(offer().accepted());
  EXPECT_TRUE(offer(Labels{{"__name__", "memory"}, {"service_name", "api"}}).accepted());
  EXPECT_EQ(files().size(), 1u);
  EXPECT_EQ(metric("pyroscope_fsdump_profiles_received_total"), 2);
  EXPECT_EQ(metric("pyroscope_fsdump_profiles_dropped_total"), 1);
}

TEST_F(FsDumpTest, EveryRelabelActionWorksInARule) {
  using relabel::Action;
  const Labels given{
      {"__name__", "process_cpu"}, {"__meta_pod", "shop-1"}, {"service_name", "api"}, {"team", "Shop"}};
  struct Case {
    Action action;
    std::vector<std::string> source;
    std::string regex, target, replacement;
    std::optional<Labels> stored;  // nullopt: dropped
  };
  const auto with = [&](const char* name, const char* value) {
    return LabelsBuilder(given).set(name, value).build();
  };
  const auto without = [&](const char* name) { return LabelsBuilder(given).erase(name).build(); };
  const Case cases[] = {
      {Action::kReplace, {"service_name"}, "(.*)", "copy", "x-$1", with("copy", "x-api")},
      {Action::kKeep, {"service_name"}, "api", "", "", given},
      {Action::kKeep, {"service_name"}, "web", "", "", std::nullopt},
      {Action::kDrop, {"service_name"}, "web", "", "", given},
      {Action::kDrop, {"service_name"}, "api", "", "", std::nullopt},
      {Action::kKeepEqual, {"team"}, "", "service_name", "", std::nullopt},
      {Action::kDropEqual, {"team"}, "", "service_name", "", given},
      {Action::kLowercase, {"team"}, "(.*)", "team", "$1", with("team", "shop")},
      {Action::kUppercase, {"team"}, "(.*)", "team", "$1", with("team", "SHOP")},
      {Action::kLabelMap, {}, "__meta_(.*)", "", "$1", with("pod", "shop-1")},
      {Action::kLabelDrop, {}, "te.*", "", "", without("team")},
      {Action::kLabelKeep, {}, "__.*|service_name", "", "", without("team")},
      {Action::kHashMod, {"service_name"}, "(.*)", "shard", "$1", with("shard", "0")},
  };
  Arguments args = arguments();
  start(args);
  std::size_t stored = 0;
  for (const Case& c : cases) {
    relabel::RuleConfig rule;
    rule.action = c.action;
    rule.source_labels = c.source;
    if (!c.regex.empty()) rule.regex = c.regex;
    if (!c.target.empty()) rule.target_label = c.target;
    if (!c.replacement.empty()) rule.replacement = c.replacement;
    if (c.action == Action::kHashMod) rule.modulus = 1;
    args.rules = {rule};
    ASSERT_TRUE(update(args));
    loop_.advance(milliseconds(1));
    EXPECT_TRUE(offer(given).accepted());
    stored += c.stored ? 1 : 0;
    ASSERT_EQ(files().size(), stored) << static_cast<int>(c.action);
    if (c.stored) {
      EXPECT_EQ(meta(files().back()).labels, *c.stored) << static_cast<int>(c.action);
    }
  }
}

TEST_F(FsDumpTest, AnEmptyBodyIsReceivedAndNothingElse) {
  start(arguments());
  EXPECT_TRUE(offer(Labels{{"a", "b"}}, "").accepted());
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(metric("pyroscope_fsdump_profiles_received_total"), 1);
}

TEST_F(FsDumpTest, TheLimitHoldsAndCountsWhatItRemoves) {
  Arguments args = arguments();
  args.max_size_bytes = 3000;
  start(args);
  for (int i = 0; i < 20; ++i) {
    loop_.advance(seconds(1));
    offer();
    EXPECT_LE(metric("pyroscope_fsdump_current_size_bytes"), 3000);
  }
  EXPECT_EQ(files().size(), 5u);
  EXPECT_EQ(metric("pyroscope_fsdump_files_removed_total"), 15);
  args.max_size_bytes = 1500;
  ASSERT_TRUE(update(args));
  EXPECT_EQ(files().size(), 2u);
  EXPECT_EQ(metric("pyroscope_fsdump_files_removed_total"), 18);
  offer(Labels{{"__name__", "memory"}}, gzipped(5000));
  EXPECT_EQ(metric("pyroscope_fsdump_write_errors_total"), 1);
  EXPECT_THAT(registry_->collect(), HasSubstr("reason=\"too large\"} 1\n"));
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(FsDumpTest, FilesAboveTheAgeGoWithoutNewProfiles) {
  Arguments args = arguments();
  args.max_age = minutes(10);
  start(args);
  for (int i = 0; i < 5; ++i) offer();
  loop_.advance(minutes(9));
  EXPECT_EQ(files().size(), 5u);
  loop_.advance(minutes(2));
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(metric("pyroscope_fsdump_current_size_bytes"), 0);
}

TEST_F(FsDumpTest, FilesRemovedByHandAreNoticedByThePeriodicScan) {
  start(arguments());
  for (int i = 0; i < 4; ++i) offer();
  ASSERT_TRUE(memory_->remove(files()[0]));
  loop_.advance(minutes(6));
  EXPECT_EQ(metric("pyroscope_fsdump_current_size_bytes"),
            static_cast<double>(3 * memory_->stat(files()[0])->size_bytes));
}

TEST_F(FsDumpTest, AFullDiskIsCountedLoggedOnceAMinuteAndPasses) {
  start(arguments());
  offer();
  memory_->set_capacity(memory_->used_bytes() + 10);
  for (int i = 0; i < 120; ++i) {
    EXPECT_TRUE(offer().accepted());  // a scrape must not be repeated for the archive's sake
    loop_.advance(seconds(1));
  }
  EXPECT_EQ(metric("pyroscope_fsdump_write_errors_total"), 120);
  EXPECT_EQ(logged("failed to write profiles"), 2);
  EXPECT_THAT(registry_->collect(), HasSubstr("reason=\"disk full\"} 120\n"));
  EXPECT_THAT(syntax::body_to_json(component_->debug_info()), HasSubstr("last_error"));
  EXPECT_EQ(component_->health(), std::nullopt);
  memory_->set_capacity(1 << 20);
  offer();
  EXPECT_EQ(files().size(), 2u);
  EXPECT_EQ(logged("profiles are written again"), 1);
  EXPECT_THAT(syntax::body_to_json(component_->debug_info()), HasSubstr("last_error"));
  loop_.advance(minutes(5));
  EXPECT_THAT(syntax::body_to_json(component_->debug_info()), Not(HasSubstr("last_error"))) << "it is over";
}

TEST_F(FsDumpTest, AReadOnlyDiskIsSurvived) {
  start(arguments());
  disk_->inject({.code = ErrorCode::kPermissionDenied, .stay_broken = true});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(offer().accepted());
  EXPECT_EQ(metric("pyroscope_fsdump_write_errors_total"), 10);
  disk_->clear();
  offer();
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(FsDumpTest, ASlowDiskNeverHoldsUpTheSenderAndCostsABoundedMemory) {
  start(arguments());
  pool_.set_paused(true);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(offer(Labels{{"__name__", "cpu"}}, gzipped(1 << 20)).accepted());
  EXPECT_LE(metric("pyroscope_fsdump_waiting_bytes"), 64 << 20);
  EXPECT_THAT(registry_->collect(), HasSubstr("reason=\"queue full\"} 3"));
  EXPECT_EQ(logged("the disk does not keep up"), 1);
  EXPECT_GT(metric("pyroscope_fsdump_write_errors_total"), 30);
  pool_.set_paused(false);
  loop_.run_until_idle();
  EXPECT_GT(files().size(), 60u);
  EXPECT_EQ(metric("pyroscope_fsdump_waiting_bytes"), 0);
}

// ---- settings

TEST_F(FsDumpTest, ANewDirectoryTakesOverAndWhatWasQueuedGoesWhereItWasMeant) {
  start(arguments());
  const auto receiver = receivers_["pyroscope.fsdump.a"];
  offer();
  pool_.set_paused(true);
  offer();
  Arguments moved = arguments();
  moved.target_directory = "/var/other";
  ASSERT_TRUE(update(moved));
  offer();
  pool_.set_paused(false);
  loop_.run_until_idle();
  EXPECT_EQ(receivers_["pyroscope.fsdump.a"], receiver);
  EXPECT_EQ(files().size(), 2u);
  EXPECT_EQ(files("/var/other").size(), 1u);
}

TEST_F(FsDumpTest, AnUpdateThatFailsChangesNothing) {
  start(arguments());
  ASSERT_TRUE((*memory_->open("/var/file", fs::OpenMode::kCreateNew))->append("x"));
  Arguments broken = arguments();
  broken.target_directory = "/var/file";
  broken.max_size_bytes = 1;
  const auto result = update(broken);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("failed to create target directory"));
  offer();
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(FsDumpTest, TwoComponentsOfOneConfigurationCannotShareADirectory) {
  const auto first = build(arguments());
  ASSERT_TRUE(first);
  const auto second = build(arguments(), "pyroscope.fsdump.b");
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("/var/profiles is already used by pyroscope.fsdump.a"));
}

TEST_F(FsDumpTest, ARenamedComponentTakesTheDirectoryOverWhenTheOldOneStops) {
  start(arguments());
  auto renamed = build(arguments(), "pyroscope.fsdump.b");  // a reload builds it first
  ASSERT_TRUE(renamed) << renamed.error().message;
  (*renamed)->start();
  ASSERT_TRUE((*renamed)->health());
  EXPECT_EQ((*renamed)->health()->state, component::HealthState::kUnhealthy);
  auto profile = std::make_shared<pipeline::Profile>();
  profile->labels = Labels{{"__name__", "cpu"}};
  profile->body = share(gzipped(10));
  profile->taken_unix_ns = loop_.unix_ns();
  EXPECT_TRUE(receivers_["pyroscope.fsdump.b"]->accept(profile).accepted());  // waits

  bool stopped = false;
  component_->stop([&] { stopped = true; });
  loop_.run_until_idle();
  EXPECT_TRUE(stopped);
  component_.reset();
  loop_.run_until_idle();
  EXPECT_FALSE((*renamed)->health());
  EXPECT_EQ(files().size(), 1u);
  bool renamed_stopped = false;
  (*renamed)->stop([&] { renamed_stopped = true; });
  loop_.run_until_idle();
  EXPECT_TRUE(renamed_stopped);
}

TEST_F(FsDumpTest, ArgumentsAreChecked) {
  const struct {
    void (*change)(Arguments&);
    const char* text;
  } cases[] = {
      {[](Arguments& a) { a.target_directory = ""; }, "target_directory is required"},
      {[](Arguments& a) { a.max_size_bytes = 0; }, "max_size_bytes must be greater than 0"},
      {[](Arguments& a) { a.max_size_bytes = -5; }, "max_size_bytes must be greater than 0"},
      {[](Arguments& a) { a.max_age = seconds(-1); }, "max_age must not be negative"},
      {[](Arguments& a) { a.file_mode = "rw-"; }, "file_mode must be three octal digits"},
      {[](Arguments& a) { a.file_mode = "0440"; }, "file_mode must be three octal digits"},
      {[](Arguments& a) { a.file_mode = "4755"; }, "file_mode must be three octal digits"},
  };
  for (const auto& c : cases) {
    Arguments args = arguments();
    c.change(args);
    const auto result = arguments_schema().check(&args);
    ASSERT_FALSE(result) << c.text;
    EXPECT_THAT(result.error().message, HasSubstr(c.text));
  }
  EXPECT_EQ(parse_file_mode("600").value(), 0600u);
  EXPECT_EQ(parse_file_mode("0644").value(), 0644u);
}

TEST_F(FsDumpTest, TheDocumentedExampleLoads) {
  syntax::Diagnostics diagnostics;
  const auto source = syntax::make_source("test.alloy", R"(
  target_directory = "/var/profiles"
  max_size_bytes = 5368709120  // 5GB

  external_labels = {
    "environment" = "production",
    "region" = "us-west-1",
  }

  // Only keep CPU profiles for certain services
  rule {
    source_labels = ["__name__", "service_name"]
    regex = ".*\\.cpu;(api|database|cache).*"
    action = "keep"
  })");
  const auto file = syntax::parse_file(source, diagnostics);
  ASSERT_TRUE(file) << diagnostics.summary();
  Arguments args;
  EXPECT_TRUE(syntax::decode_body(file->body, source, {}, arguments_schema(), &args, diagnostics))
      << diagnostics.summary();
  EXPECT_EQ(args.max_size_bytes, 5368709120);
  ASSERT_EQ(args.rules.size(), 1u);
  EXPECT_EQ(args.rules[0].regex, ".*\\.cpu;(api|database|cache).*");
  EXPECT_EQ(args.file_mode, "0640");
}

// ---- stopping

TEST_F(FsDumpTest, StopWritesWhatIsQueuedAndThenRefuses) {
  start(arguments());
  const auto receiver = receivers_["pyroscope.fsdump.a"];
  pool_.set_paused(true);
  for (int i = 0; i < 100; ++i) offer();
  bool done = false;
  component_->stop([&] { done = true; });
  EXPECT_FALSE(done);
  pool_.set_paused(false);
  loop_.run_until_idle();
  EXPECT_TRUE(done);
  EXPECT_EQ(files().size(), 100u);
  const pipeline::Answer after = receiver->accept(std::make_shared<const pipeline::Profile>());
  EXPECT_FALSE(after.accepted());
  EXPECT_EQ(after.reason, "component stopped");
}

TEST_F(FsDumpTest, ADiskThatHangsDoesNotHoldUpTheStop) {
  start(arguments());
  pool_.set_paused(true);
  for (int i = 0; i < 100; ++i) offer();
  bool done = false;
  component_->stop([&] { done = true; });
  loop_.advance(milliseconds(1600));
  EXPECT_TRUE(done);
  EXPECT_THAT(registry_->collect(), HasSubstr("reason=\"stopped\"} 100\n"));
  EXPECT_THAT(registry_->collect(), HasSubstr("pyroscope_ledger_queued{component_id=\"pyroscope.fsdump.a\","
                                              "destination=\"/var/profiles\",profile=\"process_cpu\"} 0\n"));
  component_.reset();
  pool_.set_paused(false);
  loop_.run_until_idle();
}

TEST_F(FsDumpTest, ARestartContinuesWithWhatIsThere) {
  Arguments args = arguments();
  args.max_size_bytes = 3000;
  start(args);
  for (int i = 0; i < 4; ++i) offer();
  component_->stop([] {});
  loop_.run_until_idle();
  component_.reset();
  scopes_.clear();
  loop_.advance(seconds(1));
  start(args);
  EXPECT_GT(metric("pyroscope_fsdump_current_size_bytes"), 2000);
  for (int i = 0; i < 4; ++i) offer();
  EXPECT_EQ(files().size(), 5u);
}

}  // namespace
}  // namespace invar::components::pyroscope_fsdump
