#include "app/cli.h"

int main(int argc, char** argv) {
  return invar::app::main(argc, argv);
}
