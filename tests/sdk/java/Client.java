// A Java program for the agent to profile until it is stopped.
class Client {
  static double javaBusyWork() {
    double sum = 0;
    for (long end = System.nanoTime() + 20_000_000; System.nanoTime() < end; ) sum += Math.sqrt(sum + 1);
    return sum;
  }

  public static void main(String[] arguments) throws InterruptedException {
    while (true) {
      javaBusyWork();
      Thread.sleep(5);
    }
  }
}
