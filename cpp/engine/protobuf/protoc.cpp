// Protobuf's compiler with the one generator that the build needs: C++.
#include <google/protobuf/compiler/command_line_interface.h>
#include <google/protobuf/compiler/cpp/generator.h>

int main(int argc, char *argv[]) {
    google::protobuf::compiler::cpp::CppGenerator cpp;
    google::protobuf::compiler::CommandLineInterface compiler;
    compiler.RegisterGenerator("--cpp_out", &cpp, "C++ header and source");
    return compiler.Run(argc, argv);
}
