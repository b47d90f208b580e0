// Optimizers: what a step does to the parameters, given their gradients.
#ifndef EDDL_OPTIMIZERS_OPTIM_H
#define EDDL_OPTIMIZERS_OPTIM_H

#include <string>
#include <vector>

#include "eddl/layers/layer.h"

// A net calls setlayers once when it is built, then applygrads once a batch. State tensors (`mT`, …) run parallel to
// the trainable parameters of `layers`, in order, and belong to the optimizer unless `isshared`.
class Optimizer {
public:
    std::string name;
    vlayer layers;
    bool isshared = false;
    float clip_val = -1.0f;    // gradients are clipped to [-clip_val, clip_val] where it is not negative
    Optimizer *orig = nullptr; // the one that a shared optimizer was made from

    // A copy has the same settings and no state: it belongs to no net yet.
    Optimizer();
    Optimizer(const Optimizer &other);
    Optimizer &operator=(const Optimizer &other);
    virtual ~Optimizer();

    void set_clip_val(float v);
    void clip();

    virtual void setlayers(vlayer l);
    virtual void applygrads(int batch);
    virtual Optimizer *clone();
    virtual Optimizer *share();
    virtual void change(std::vector<float> p);  // new hyper-parameters, learning rate first

private:
    friend class Net;
    Net *user_ = nullptr;      // the built net that steps through this optimizer
};

// Stochastic gradient descent with momentum: m ← mu·m + lr·g; w ← w − m.
// `weight_decay` and `nesterov` are kept and ignored, as in EDDL.
class SGD : public Optimizer {
public:
    float lr;
    float mu;
    float weight_decay;
    bool nesterov;
    vtensor mT;

    explicit SGD(float lr = 0.01f, float momentum = 0.0f, float weight_decay = 0.0f, bool nesterov = false);
    SGD(const SGD &other);
    SGD &operator=(const SGD &other);
    ~SGD() override;

    void setlayers(vlayer l) override;
    void applygrads(int batch) override;
    Optimizer *clone() override;
    Optimizer *share() override;
    void change(std::vector<float> p) override;
};

// w ← w − lr·m̂ / sqrt(v̂ + epsilon), m̂ and v̂ the bias-corrected moments. `weight_decay` and `amsgrad` are ignored.
class Adam : public Optimizer {
public:
    float lr;
    float beta_1;
    float beta_2;
    float epsilon;
    float weight_decay;
    bool amsgrad;
    int t;                     // steps made
    vtensor mT;
    vtensor vT;
    vtensor mCap;              // of the last step: m̂ / sqrt(v̂ + epsilon)
    vtensor vCap;              // of the last step: sqrt(v̂ + epsilon)

    explicit Adam(float lr = 0.01f, float beta_1 = 0.9f, float beta_2 = 0.999f, float epsilon = 1e-8f,
                  float weight_decay = 0.0f, bool amsgrad = false);
    Adam(const Adam &other);
    Adam &operator=(const Adam &other);
    ~Adam() override;

    void setlayers(vlayer l) override;
    void applygrads(int batch) override;
    Optimizer *clone() override;
    Optimizer *share() override;
    void change(std::vector<float> p) override;
};

// As EDDL has it, the mean square has a memory of one step: g / sqrt(rho·g'² + (1 − rho)·g² + epsilon), g' the gradient
// before.
class RMSProp : public Optimizer {
public:
    float lr;
    float rho;
    float epsilon;
    float weight_decay;
    vtensor gT;                // the direction of the last step
    vtensor gT1;               // the last gradient

    explicit RMSProp(float lr = 0.01f, float rho = 0.9f, float epsilon = 1e-8f, float weight_decay = 0.0f);
    RMSProp(const RMSProp &other);
    RMSProp &operator=(const RMSProp &other);
    ~RMSProp() override;

    void setlayers(vlayer l) override;
    void applygrads(int batch) override;
    Optimizer *clone() override;
    Optimizer *share() override;
    void change(std::vector<float> p) override;
};

// EDDL names the four below but gives them no step, so that there a net trained with them stays as it is. Here they take
// their papers' step, g being the gradient plus weight_decay·w; where a paper leaves the place of epsilon open it is
// PyTorch's. `mT`, the only state member that EDDL declares, holds all tensors of a parameter side by side.

// Zeiler 2012: d ← g·sqrt(D + epsilon) / sqrt(G + epsilon); w ← w − lr·d; G and D the running means of g² and d².
class AdaDelta : public Optimizer {
public:
    float lr;
    float rho;
    float epsilon;
    float weight_decay;
    vtensor mT;                // G, D, G, D, …

    explicit AdaDelta(float lr = 0.01f, float rho = 0.95f, float epsilon = 1e-8f, float weight_decay = 0.0f);
    AdaDelta(const AdaDelta &other);
    AdaDelta &operator=(const AdaDelta &other);
    ~AdaDelta() override;

    void setlayers(vlayer l) override;
    void applygrads(int batch) override;
    Optimizer *clone() override;
    Optimizer *share() override;
    void change(std::vector<float> p) override;
};

// Duchi et al. 2011: w ← w − lr·g / (sqrt(G) + epsilon), G the sum of all g².
class Adagrad : public Optimizer {
public:
    float lr;
    float epsilon;
    float weight_decay;
    vtensor mT;                // G

    explicit Adagrad(float lr = 0.01f, float epsilon = 1e-8f, float weight_decay = 0.0f);
    Adagrad(const Adagrad &other);
    Adagrad &operator=(const Adagrad &other);
    ~Adagrad() override;

    void setlayers(vlayer l) override;
    void applygrads(int batch) override;
    Optimizer *clone() override;
    Optimizer *share() override;
    void change(std::vector<float> p) override;
};

// Kingma and Ba 2015: u ← max(beta_2·u, |g| + epsilon); w ← w − lr·m̂ / u, m̂ the bias-corrected mean of g.
class Adamax : public Optimizer {
public:
    float lr;
    float beta_1;
    float beta_2;
    float epsilon;
    float weight_decay;
    int t;                     // steps made
    vtensor mT;                // the mean of g, u, …

    explicit Adamax(float lr = 0.01f, float beta_1 = 0.9f, float beta_2 = 0.999f, float epsilon = 1e-8f,
                    float weight_decay = 0.0f);
    Adamax(const Adamax &other);
    Adamax &operator=(const Adamax &other);
    ~Adamax() override;

    void setlayers(vlayer l) override;
    void applygrads(int batch) override;
    Optimizer *clone() override;
    Optimizer *share() override;
    void change(std::vector<float> p) override;
};

// Dozat 2016: w ← w − lr·((1 − µₜ)·g / (1 − µ₁…µₜ) + µₜ₊₁·m / (1 − µ₁…µₜ₊₁)) / (sqrt(v̂) + epsilon), m the mean of g, v̂
// the bias-corrected mean of g², µₜ = beta_1·(1 − 0.96^(t·schedule_decay) / 2).
class Nadam : public Optimizer {
public:
    float lr;
    float beta_1;
    float beta_2;
    float epsilon;
    float schedule_decay;
    int t;                     // steps made
    vtensor mT;                // m, the mean of g², …

    explicit Nadam(float lr = 0.01f, float beta_1 = 0.9f, float beta_2 = 0.999f, float epsilon = 1e-8f,
                   float schedule_decay = 0.004f);
    Nadam(const Nadam &other);
    Nadam &operator=(const Nadam &other);
    ~Nadam() override;

    void setlayers(vlayer l) override;
    void applygrads(int batch) override;
    Optimizer *clone() override;
    Optimizer *share() override;
    void change(std::vector<float> p) override;
};

#endif  // EDDL_OPTIMIZERS_OPTIM_H
