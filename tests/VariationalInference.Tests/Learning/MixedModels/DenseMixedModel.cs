using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Tests.Learning.MixedModels;

/// <summary>The likelihood and the posterior of a mixed model by the textbook's formulas, with all matrices written out.</summary>
internal sealed class DenseMixedModel
{
    private readonly Matrix<double> _x;
    private readonly Matrix<double> _z;
    private readonly Matrix<double> _g;
    private readonly Matrix<double> _r;
    private readonly Vector<double> _y;

    /// <param name="y">The responses.</param>
    /// <param name="x">The fixed columns.</param>
    /// <param name="z">The random columns.</param>
    /// <param name="g">The covariance of the random effects.</param>
    /// <param name="noise">The residual variances.</param>
    public DenseMixedModel(double[] y, Matrix<double> x, Matrix<double> z, Matrix<double> g, double[] noise)
    {
        _y = Vector<double>.Build.Dense(y);
        _x = x;
        _z = z;
        _g = g;
        _r = Matrix<double>.Build.DenseOfDiagonalArray(noise);
        Marginal = (z * g * z.Transpose()) + _r;

        // By an orthogonal reduction of the whitened columns, for covariates that are far from zero.
        Matrix<double> root = Marginal.Cholesky().Factor;
        var reduction = root.Solve(x).QR(MathNet.Numerics.LinearAlgebra.Factorization.QRMethod.Thin);
        Matrix<double> inverse = reduction.R.Inverse();
        FixedCovariance = inverse * inverse.Transpose();
        LogFixedDeterminant = 2 * reduction.R.Diagonal().Sum(pivot => Math.Log(Math.Abs(pivot)));
        Coefficients = inverse * (reduction.Q.Transpose() * root.Solve(_y));
    }

    public Matrix<double> Marginal { get; }

    /// <summary>Gets the largest term of which an element of the marginal covariance is a sum.</summary>
    public double LargestTerm => _g.Diagonal().Maximum() * Math.Max(1, _z.Enumerate().Max(value => value * value));

    public Matrix<double> FixedCovariance { get; }

    public Vector<double> Coefficients { get; }

    /// <summary>Gets log det XᵀV⁻¹X.</summary>
    public double LogFixedDeterminant { get; }

    public Vector<double> Effects => _g * _z.Transpose() * Marginal.Solve(_y - (_x * Coefficients));

    /// <summary>Gets the covariance of the random effects given the data and the fixed effects.</summary>
    public Matrix<double> ConditionalCovariance => _g - (_g * _z.Transpose() * Marginal.Solve(_z * _g));

    public double LogLikelihood(bool restricted)
    {
        Vector<double> residual = _y - (_x * Coefficients);
        double quadratic = residual * Marginal.Solve(residual);
        double log = LogDeterminant(Marginal) + quadratic;
        return restricted
            ? -0.5 * (log + LogFixedDeterminant + ((_y.Count - _x.ColumnCount) * Math.Log(2 * Math.PI)))
            : -0.5 * (log + (_y.Count * Math.Log(2 * Math.PI)));
    }

    /// <summary>Returns the covariance of (β̂ − β, b̂ − b), by Henderson's equations: needs a covariance G that is not singular.</summary>
    public Matrix<double> JointCovariance()
    {
        Matrix<double> precision = _r.Inverse();
        int p = _x.ColumnCount, q = _z.ColumnCount;
        Matrix<double> equations = Matrix<double>.Build.Dense(p + q, p + q);
        equations.SetSubMatrix(0, 0, _x.Transpose() * precision * _x);
        equations.SetSubMatrix(0, p, _x.Transpose() * precision * _z);
        equations.SetSubMatrix(p, 0, _z.Transpose() * precision * _x);
        equations.SetSubMatrix(p, p, (_z.Transpose() * precision * _z) + _g.Inverse());
        return equations.Inverse();
    }

    private static double LogDeterminant(Matrix<double> matrix) => matrix.Cholesky().DeterminantLn;
}
