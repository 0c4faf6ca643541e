#include "http/output_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/foreign_bytes.h"

namespace invar::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(OutputQueue, IsWrittenInOrderPieceByPiece) {
  OutputQueue queue;
  EXPECT_TRUE(queue.empty());
  for (const char* piece : {"head", "", "body", "tail"}) queue.put(piece);
  EXPECT_EQ(queue.backlog(), 12u);
  EXPECT_THAT(queue.next(), ElementsAre("head", "body", "tail"));
  queue.written(6);
  EXPECT_THAT(queue.next(), ElementsAre("dy", "tail"));
  EXPECT_EQ(queue.backlog(), 6u);
  queue.put("more");
  queue.written(2);
  EXPECT_THAT(queue.next(), ElementsAre("tail", "more"));
  queue.written(8);
  EXPECT_TRUE(queue.empty());
  EXPECT_THAT(queue.next(), IsEmpty());
  EXPECT_EQ(queue.backlog(), 0u);
}

TEST(OutputQueue, OneWriteTakesABoundedNumberOfPieces) {
  OutputQueue queue;
  for (int i = 0; i < 100; ++i) queue.put("x");
  EXPECT_EQ(queue.next().size(), OutputQueue::kPiecesPerWrite);
  queue.written(OutputQueue::kPiecesPerWrite);
  EXPECT_EQ(queue.backlog(), 100 - OutputQueue::kPiecesPerWrite);
}

TEST(ForeignBytes, AreKnownByTheirBeginning) {
  EXPECT_TRUE(speaks_tls("\x16\x03\x01"));
  EXPECT_FALSE(speaks_tls("GET / HTTP/1.1\r\n"));
  EXPECT_FALSE(speaks_tls(""));
  EXPECT_TRUE(speaks_http2("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_FALSE(speaks_http2("PRI * HTTP/2"));
}

TEST(ForeignBytes, Http2IsRefusedWithAnEmptySettingsFrameAndGoaway) {
  const std::string frames = http2_refusal("no");
  ASSERT_EQ(frames.size(), 9u + 9u + 8u + 2u);
  EXPECT_EQ(frames[3], 4) << "SETTINGS";
  EXPECT_EQ(frames[11], 10) << "the length of the second frame";
  EXPECT_EQ(frames[12], 7) << "GOAWAY";
  EXPECT_EQ(frames[25], 0x0d) << "HTTP_1_1_REQUIRED";
  EXPECT_EQ(frames.substr(26), "no");
}

}  // namespace
}  // namespace invar::http
