// Training, evaluating and looking into a built net, from whole data sets down to single steps.
#ifndef EDDL_APIS_TRAINING_H
#define EDDL_APIS_TRAINING_H

#include <string>
#include <vector>

#include "eddl/apis/types.h"

namespace eddl {

// Whole data sets. fit draws each batch at random, with replacement.
void fit(model m, const vtensor &in, const vtensor &out, int batch, int epochs);
void evaluate(model m, const vtensor &in, const vtensor &out, int bs = -1);
vtensor predict(model m, const vtensor &in);

// One batch: the samples at `indices`, or all of them.
void train_batch(model net, vtensor in, vtensor out, std::vector<int> indices);
void train_batch(model net, vtensor in, vtensor out);
void eval_batch(model net, vtensor in, vtensor out, std::vector<int> indices);
void eval_batch(model net, vtensor in, vtensor out);
void next_batch(vtensor in, vtensor out);  // fills `out` with random samples of `in`
std::vector<int> random_indices(int batch_size, int num_samples);

// One step.
void set_mode(model net, int mode);
vlayer forward(model m, vlayer in);
vlayer forward(model m, vtensor in);
vlayer forward(model m);
vlayer forward(model m, int b);
void zeroGrads(model m);
void backward(model m, vtensor target);
void backward(model net);
void backward(loss l);
void optimize(loss l);
void optimize(std::vector<loss> l);
void update(model m);
layer detach(layer l);
vlayer detach(vlayer l);

// What the loss is.
void reset_loss(model m);
void print_loss(model m, int batch);
std::vector<float> get_losses(model m);
std::vector<float> get_metrics(model m);
float compute_loss(loss L);
float compute_metric(loss L);
void show_profile();
void reset_profile();
std::string get_topk_predictions(Tensor *class_probs, const std::vector<std::string> &class_names, int k = 5,
                                 int decimals = 2);
std::vector<std::string> read_txt_file(const std::string &filename);

// Copies of a layer's tensors, the caller's. What the layer does not hold now throws.
Tensor *getOutput(layer l1);
Tensor *getInput(layer l1);
Tensor *getDelta(layer l1);
Tensor *getParam(layer l1, int p);
Tensor *getGradient(layer l1, int p);
Tensor *getState(layer l1, int p);
vtensor getParams(layer l1);
vtensor getGradients(layer l1);
vtensor getStates(layer l1);

// From a layer into another of the same shapes.
void copyOutput(Layer *l1, Layer *l2);
void copyDelta(Layer *l1, Layer *l2);
void copyParam(Layer *l1, Layer *l2, int p = -1);  // -1: all
void copyGradient(Layer *l1, Layer *l2, int p);
void distributeParams(Layer *l);

}  // namespace eddl

#endif  // EDDL_APIS_TRAINING_H
